// Comparing what a kernel wrote with what it should have written, and buffers that show what was not written.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <vector>

#include "../../kernels/primitives.cuh"

namespace checks {

inline std::string context;      // the case and kernel at work, for messages
inline long compared = 0;

[[noreturn]] inline void fail(const std::string& what)
{
    printf("FAIL %s: %s\n", context.c_str(), what.c_str());
    fflush(stdout);
    _Exit(2);
}

// Exactly as long as said, all bits set: not-a-number, and -1.
template <class T> std::vector<T> unwritten(size_t size)
{
    std::vector<T> buffer(size);
    if (size > 0) memset((void*)buffer.data(), 0xff, size * sizeof(T));
    return buffer;
}

// Virtual memory that costs nothing until it is touched, full of zeros: for positions beyond 2^31.
template <class T> T* vast(size_t size)
{
    void* memory = mmap(nullptr, size * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) fail("no address space");
    return (T*)memory;
}

inline double number(float value) { return value; }
inline double number(bf16 value) { return emulator::widen(value); }
inline double number(f16 value) { return emulator::widen_f16(value.bits); }
inline double number(int value) { return value; }
inline double number(long long value) { return (double)value; }

// bf16 keeps eight bits and f16 eleven, so a result is off by up to 2^-8 or 2^-11 of itself; float32 sums of some hundred
// terms by 1e-5.
inline double allowed(bf16, double wanted) { return std::abs(wanted) / 256 + 1e-5; }
inline double allowed(f16, double wanted) { return std::abs(wanted) / 2048 + 1e-5; }
inline double allowed(float, double wanted) { return 1e-5 * (1 + std::abs(wanted)); }
inline double allowed(int, double) { return 0; }
inline double allowed(long long, double) { return 0; }

template <class T> T rounded(float value);
template <> inline float rounded<float>(float value) { return value; }
template <> inline bf16 rounded<bf16>(float value) { return emulator::round(value); }
template <> inline f16 rounded<f16>(float value) { return {emulator::round_f16(value)}; }

template <class T> void equal(const char* name, size_t i, T got, double wanted, double more = 0)
{
    compared++;
    if (std::abs(number(got) - wanted) <= allowed(got, wanted) + more) return;
    char text[200];
    snprintf(text, sizeof text, "%s[%zu] is %.9g, expected %.9g", name, i, number(got), wanted);
    fail(text);
}

template <class T> void same_bits(const char* name, const std::vector<T>& first, const std::vector<T>& second)
{
    if (first.size() != second.size() || (first.size() > 0 && memcmp(first.data(), second.data(), first.size() * sizeof(T)) != 0))
        fail(std::string(name) + " differs from the run before");
}

}  // namespace checks
