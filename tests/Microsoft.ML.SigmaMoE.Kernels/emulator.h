// Runs a CUDA kernel on one CPU thread, blocks one after another, each CUDA thread as a fiber of its own (x86-64, Linux).
// Built three ways: plain; EMULATOR_RANDOM, where fibers take turns at random and asynchronous copies are done at once
// (otherwise as late as they may be); with -fsanitize=address. Shared memory starts full of NaN, and every address that a
// primitive is handed is checked for alignment and range.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
extern "C" void __asan_unpoison_memory_region(void const volatile*, size_t);
#else
inline void __asan_unpoison_memory_region(void const volatile*, size_t) {}
#endif

namespace emulator {

// Faults that a run plants on purpose, one at a time; see MUTANT in the kernels.
enum class Mutant {
    none, no_wait, no_barrier, no_trailing_barrier, load_too_early, no_row_bound, no_column_bound, no_depth_bound,
    no_store_bound, no_quad_sum, no_row_sum_barrier, drops_last_choice, wrong_chunk, no_gate, no_relu_mask, narrow_index,
    no_scan_barrier, no_carry, wrong_tile_end, no_choice_barrier, no_token_bound, drops_last_part, reads_next_expert,
    gather_past_width, gather_skips_columns, decode_no_gate, decode_no_barrier, adamw_past_end, tf32_left_order,
    tf32_right_order, tf32_cut_off, pads_with_the_next_row, weighs_by_score, pairs_at_odd_places, f16_saturates,
    f16_halves_swapped, f16_first_half_twice, always_relu, no_mask, mask_by_position, no_slope, keeps_last_columns, count
};
inline const char* const mutant_names[] = {
    "none", "no_wait", "no_barrier", "no_trailing_barrier", "load_too_early", "no_row_bound", "no_column_bound",
    "no_depth_bound", "no_store_bound", "no_quad_sum", "no_row_sum_barrier", "drops_last_choice", "wrong_chunk", "no_gate",
    "no_relu_mask", "narrow_index", "no_scan_barrier", "no_carry", "wrong_tile_end", "no_choice_barrier",
    "no_token_bound", "drops_last_part", "reads_next_expert", "gather_past_width", "gather_skips_columns",
    "decode_no_gate", "decode_no_barrier", "adamw_past_end", "tf32_left_order", "tf32_right_order", "tf32_cut_off",
    "pads_with_the_next_row", "weighs_by_score", "pairs_at_odd_places", "f16_saturates", "f16_halves_swapped",
    "f16_first_half_twice", "always_relu", "no_mask", "mask_by_position", "no_slope",
    "keeps_last_columns"
};
inline Mutant mutant = Mutant::none;

constexpr int max_threads = 1024, stack_bytes = 48 * 1024, shared_bytes = 227 * 1024;

extern "C" void emulator_switch(void** from, void* to);
asm(R"(
.text
.globl emulator_switch
.type emulator_switch, @function
emulator_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
)");

struct Copy { char* to; const char* from; int size; bool inside; };

struct Fiber {
    void* stack_pointer;
    bool done;
    std::vector<Copy> copies;                // under way, oldest first
    std::vector<size_t> groups;              // how many copies each committed group has
    size_t open;                             // copies not committed yet
};

// What the lanes of a warp lay down for each other at a collective operation.
struct Warp {
    int arrived, turn;
    union { const char* rows[32]; uint64_t values[32]; };
    uint32_t a[32][4], b[32][2], r[32][4];
    float d[32][4];
};

struct Block {
    int index, count, threads, alive, current, arrived, turn;
    int idle;                                // turns since any fiber got past a meeting
    void* scheduler;
    std::function<void()> body;
    Fiber fibers[max_threads];
    Warp warps[max_threads / 32];
    char* stacks;
    char* shared;
    int used_shared;
};

inline Block& block()
{
    static Block* one = [] {
        auto* made = new Block();
        made->stacks = (char*)aligned_alloc(64, (size_t)max_threads * stack_bytes);
        made->shared = (char*)aligned_alloc(1024, shared_bytes + 1024);
        return made;
    }();
    return *one;
}

inline int thread() { return block().current; }
inline int lane() { return block().current % 32; }
inline char* shared() { return block().shared; }

[[noreturn]] inline void fail(const char* what)
{
    fprintf(stderr, "emulator: %s (block %d, thread %d)\n", what, block().index, block().current);
    fflush(stderr);
    _Exit(3);
}

inline unsigned random_number()
{
    static unsigned state = 12345;
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

inline int next_fiber()
{
    auto& b = block();
    int next = b.current;
#ifdef EMULATOR_RANDOM
    // mostly within one warp at a time, so that warps drift far apart
    static int favoured = 0;
    if (random_number() % 64 == 0) favoured = random_number() % ((b.threads + 31) / 32);
    next = random_number() % 8 ? favoured * 32 + random_number() % 32 : random_number() % b.threads;
    if (next >= b.threads) next = 0;
#endif
    do next = next + 1 == b.threads ? 0 : next + 1; while (b.fibers[next].done);
    return next;
}

inline void yield()
{
    auto& b = block();
    int mine = b.current, next = next_fiber();
    if (++b.idle > 20'000'000) fail("threads wait for each other for ever");
    if (next == mine) return;
    b.current = next;
    emulator_switch(&b.fibers[mine].stack_pointer, b.fibers[next].stack_pointer);
}

inline void fiber_main()
{
    auto& b = block();
    b.body();
    b.fibers[b.current].done = true;
    void* ended;
    if (--b.alive == 0) emulator_switch(&ended, b.scheduler);
    b.current = next_fiber();
    emulator_switch(&ended, b.fibers[b.current].stack_pointer);
    abort();
}

inline void start_fiber(int i)
{
    auto& fiber = block().fibers[i];
    auto top = (uintptr_t)(block().stacks + (size_t)(i + 1) * stack_bytes) & ~(uintptr_t)15;
    auto** stack = (void**)top;
    *--stack = nullptr;
    *--stack = (void*)fiber_main;
    for (int saved = 0; saved < 6; saved++) *--stack = nullptr;
    fiber.stack_pointer = stack;
    fiber.done = false;
    fiber.copies.clear();
    fiber.groups.clear();
    fiber.open = 0;
}

// Runs `body`, a call of a kernel, once for every thread of the blocks from `first` on.
template <class Body> void launch_from(int first, int blocks, int threads, int shared_size, Body body)
{
    auto& b = block();
    if (threads > max_threads || shared_size > shared_bytes) fail("too many threads or too much shared memory");
    b.body = body;
    b.count = blocks;
    b.threads = threads;
    b.used_shared = shared_size;
    for (b.index = first; b.index < blocks; b.index++)
    {
        memset(b.shared, 0xff, shared_size);
        __asan_unpoison_memory_region(b.stacks, (size_t)max_threads * stack_bytes);
        b.alive = threads;
        b.arrived = b.idle = 0;
        for (auto& warp : b.warps) warp.arrived = 0;
        for (int i = 0; i < threads; i++) start_fiber(i);
        b.current = 0;
        emulator_switch(&b.scheduler, b.fibers[0].stack_pointer);
    }
}

template <class Body> void launch(int blocks, int threads, int shared_size, Body body)
{
    launch_from(0, blocks, threads, shared_size, body);
}

// Only the last block of a grid that would take too long.
template <class Body> void launch_last(int blocks, int threads, int shared_size, Body body)
{
    launch_from(blocks - 1, blocks, threads, shared_size, body);
}

inline void barrier()
{
    auto& b = block();
    int turn = b.turn;
    if (++b.arrived >= b.alive)
    {
        b.arrived = b.idle = 0;
        b.turn++;
    }
    else while (b.turn == turn) yield();
}

// A warp's collective operation: every lane puts its operands, the last one computes for all.
template <class Put, class Compute> inline void collect(Put put, Compute compute)
{
    auto& b = block();
    auto& warp = b.warps[b.current / 32];
    int turn = warp.turn;
    put(warp, lane());
    if (++warp.arrived == 32)
    {
        compute(warp);
        warp.arrived = b.idle = 0;
        warp.turn++;
    }
    else while (warp.turn == turn) yield();
}

inline char* checked(const void* address, int size)
{
    auto* p = (char*)address;
    auto& b = block();
    if (p < b.shared || p + size > b.shared + b.used_shared) fail("an address is outside shared memory");
    if ((uintptr_t)p % size) fail("an address in shared memory is not aligned");
    return p;
}

inline void copy_now(const Copy& c)
{
    if (c.inside) memcpy(c.to, c.from, c.size);
    else memset(c.to, 0, c.size);
}

inline void copy(void* to, const void* from, int size, bool inside)
{
    Copy c{checked(to, size), (const char*)from, size, inside};
    if ((uintptr_t)from % size) fail("the source of an asynchronous copy is not aligned");
#ifdef EMULATOR_RANDOM
    copy_now(c);
    if (random_number() % 16 == 0) yield();
#else
    auto& fiber = block().fibers[thread()];
    fiber.copies.push_back(c);
    fiber.open++;
#endif
}

inline void commit()
{
    auto& fiber = block().fibers[thread()];
    fiber.groups.push_back(fiber.open);
    fiber.open = 0;
}

inline void wait(int pending)
{
    auto& fiber = block().fibers[thread()];
    while ((int)fiber.groups.size() > pending)
    {
        const auto end = fiber.copies.begin() + fiber.groups.front();
        for (auto c = fiber.copies.begin(); c != end; c++) copy_now(*c);
        fiber.copies.erase(fiber.copies.begin(), end);
        fiber.groups.erase(fiber.groups.begin());
    }
}

inline float bits_to_float(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

inline uint32_t float_to_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

inline float widen(uint16_t half) { return bits_to_float((uint32_t)half << 16); }

// to the nearest bf16, ties to even
inline uint16_t round(float value)
{
    const uint32_t bits = float_to_bits(value);
    if (value != value) return 0x7fff;
    return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// IEEE 754's numbers of 16 bits: a sign, five bits of exponent, ten after the leading one
inline float widen_f16(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    const float size = exponent == 31 ? (mantissa == 0 ? INFINITY : NAN)
        : std::ldexp((float)(exponent == 0 ? mantissa : mantissa + 1024), exponent == 0 ? -24 : exponent - 25);
    return bits >> 15 ? -size : size;
}

// to the nearest of them, ties to even; from the middle between the largest and 2^16 on, infinite
inline uint16_t round_f16(float value)
{
    if (value != value) return 0x7fff;
    const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
    const float size = std::abs(value);
    if (size >= 65520) return sign | 0x7c00;
    const int exponent = size < 0x1p-14f ? -14 : std::ilogb(size);
    const int steps = (int)std::nearbyint(std::ldexp(size, 10 - exponent));      // of 2^(exponent − 10), the last bit
    return (uint16_t)(sign + ((exponent + 14) << 10) + steps);                   // the leading one adds 1 to the exponent
}

// what the multiplication sees of a float32
inline float cut_to_tf32(uint32_t bits) { return bits_to_float(bits & 0xffffe000u); }

// to the nearest tf32, ties away from zero
inline uint32_t to_tf32(float value) { return value != value ? 0x7fffffffu : (float_to_bits(value) + 0x1000) & 0xffffe000u; }

inline void load_matrices(uint32_t (&r)[4], const void* row, bool transposed)
{
    collect([&](Warp& w, int l) { w.rows[l] = checked(row, 16); }, [&](Warp& w) {
        for (int matrix = 0; matrix < 4; matrix++)
            for (int l = 0; l < 32; l++)
            {
                uint16_t pair[2];
                for (int i = 0; i < 2; i++)
                {
                    int stored_row = transposed ? l % 4 * 2 + i : l / 4, column = transposed ? l / 4 : l % 4 * 2 + i;
                    memcpy(&pair[i], w.rows[matrix * 8 + stored_row] + column * 2, 2);
                }
                w.r[l][matrix] = pair[0] | (uint32_t)pair[1] << 16;
            }
    });
    memcpy(r, block().warps[thread() / 32].r[lane()], sizeof r);
}

// What the lanes hold of a, [16, K], and b, [K, 8], is gathered by `place`; then d += a · b, one lane's numbers after another.
template <int K, class Place> inline void multiply_fragments(Warp& w, Place place)
{
    float a[16][K], b[K][8], d[16][8];
    for (int l = 0; l < 32; l++)
    {
        place(w, l, a, b);
        for (int q = 0; q < 4; q++) d[l / 4 + q / 2 * 8][l % 4 * 2 + q % 2] = w.d[l][q];
    }
    for (int i = 0; i < 16; i++)
        for (int k = 0; k < K; k++)
            for (int j = 0; j < 8; j++) d[i][j] += a[i][k] * b[k][j];
    for (int l = 0; l < 32; l++)
        for (int q = 0; q < 4; q++) w.d[l][q] = d[l / 4 + q / 2 * 8][l % 4 * 2 + q % 2];
}

// Numbers of 16 bits: words hold two neighbours along k, so that K is 8 for each word of b.
template <int K, class Widen> inline void multiply_halves(Warp& w, Widen widen)
{
    multiply_fragments<K>(w, [&](const Warp& w, int l, float (&a)[16][K], float (&b)[K][8]) {
        for (int half = 0; half < 2; half++)
        {
            int row = l / 4, column = l % 4 * 2 + half, shift = half * 16;
            for (int q = 0; q < K / 4; q++) a[row + q % 2 * 8][column + q / 2 * 8] = widen(w.a[l][q] >> shift);
            for (int q = 0; q < K / 8; q++) b[column + q * 8][row] = widen(w.b[l][q] >> shift);
        }
    });
}

inline void multiply_bf16(Warp& w) { multiply_halves<16>(w, widen); }
inline void multiply_f16(Warp& w) { multiply_halves<16>(w, widen_f16); }
inline void multiply_f16_flat(Warp& w) { multiply_halves<8>(w, widen_f16); }

inline void multiply_tf32(Warp& w)
{
    multiply_fragments<8>(w, [](const Warp& w, int l, float (&a)[16][8], float (&b)[8][8]) {
        for (int q = 0; q < 4; q++) a[l / 4 + q % 2 * 8][l % 4 + q / 2 * 4] = cut_to_tf32(w.a[l][q]);
        for (int q = 0; q < 2; q++) b[l % 4 + q * 4][l / 4] = cut_to_tf32(w.b[l][q]);
    });
}

inline void multiply_add(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1, void (*multiply)(Warp&))
{
    collect([&](Warp& w, int l) {
        memcpy(w.a[l], a, sizeof a);
        w.b[l][0] = b0;
        w.b[l][1] = b1;
        memcpy(w.d[l], d, sizeof d);
    }, multiply);
    memcpy(d, block().warps[thread() / 32].d[lane()], sizeof d);
}

template <class T> inline T shuffle(T value, int from)
{
    static_assert(sizeof(T) <= 8);
    uint64_t seen[32];
    collect([&](Warp& w, int l) { w.values[l] = 0; memcpy(&w.values[l], &value, sizeof value); }, [](Warp&) {});
    memcpy(seen, block().warps[thread() / 32].values, sizeof seen);
    collect([](Warp&, int) {}, [](Warp&) {});    // nobody lays down the next value before all have read this one
    T result;
    memcpy(&result, &seen[from], sizeof result);
    return result;
}

}  // namespace emulator
