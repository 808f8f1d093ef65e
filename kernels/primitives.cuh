// What the kernels ask of the hardware: asynchronous copies, matrix fragments, tensor-core multiplication, shuffles.
// The first half emulates it on a CPU (tests/Microsoft.ML.SigmaMoE.Kernels), the second is the hardware's own. No header
// is included that NVRTC lacks. bf16 numbers are the upper halves of float32 numbers and travel as unsigned short; f16
// numbers are IEEE 754's of 16 bits and a type of their own.
#pragma once

typedef unsigned short bf16;
struct f16 { unsigned short bits; };
typedef unsigned int word;           // two bf16 or f16, the first in the lower half
typedef long long Index;             // positions in tensors: products of sizes pass 2^31
struct alignas(8) Pair { float first, second; };
struct alignas(16) Quad { float a, b, c, d; };
struct alignas(16) Words { word a, b, c, d; };

#ifdef SIGMAMOE_EMULATION

#include "emulator.h"
#define KERNEL(threads) extern "C" void
#define DEVICE inline
#define SHARED(type, name) type* name = (type*)emulator::shared()
#define MUTANT(name) (emulator::mutant == emulator::Mutant::name)
#define HAS_TENSOR_CORES 1
#define HAS_LATER_TENSOR_CORES 1
#define thread_index emulator::thread()
#define block_index emulator::block().index
#define block_count emulator::block().count

DEVICE void barrier() { emulator::barrier(); }
DEVICE void copy_async16(void* to, const void* from, bool inside) { emulator::copy(to, from, 16, inside); }
DEVICE void copy_async4(void* to, const void* from, bool inside) { emulator::copy(to, from, 4, inside); }
DEVICE void copy_commit() { emulator::commit(); }
template <int PENDING> DEVICE void copy_wait() { emulator::wait(PENDING); }
DEVICE void load_matrices(word (&r)[4], const void* row) { emulator::load_matrices(r, row, false); }
DEVICE void load_matrices_transposed(word (&r)[4], const void* row) { emulator::load_matrices(r, row, true); }
DEVICE void multiply_add_bf16(float (&d)[4], const word (&a)[4], word b0, word b1)
{
    emulator::multiply_add(d, a, b0, b1, emulator::multiply_bf16);
}
DEVICE void multiply_add_tf32(float (&d)[4], const word (&a)[4], word b0, word b1)
{
    emulator::multiply_add(d, a, b0, b1, emulator::multiply_tf32);
}
DEVICE void multiply_add_f16(float (&d)[4], const word (&a)[4], word b0, word b1)
{
    emulator::multiply_add(d, a, b0, b1, emulator::multiply_f16);
}
DEVICE void multiply_add_f16_flat(float (&d)[4], word a0, word a1, word b)
{
    emulator::multiply_add(d, {a0, a1, 0, 0}, b, 0, emulator::multiply_f16_flat);
}
template <class T> DEVICE T shuffle_xor(T value, int mask) { return emulator::shuffle(value, emulator::lane() ^ mask); }
template <class T> DEVICE T shuffle_up(T value, int distance)
{
    return emulator::shuffle(value, emulator::lane() < distance ? emulator::lane() : emulator::lane() - distance);
}
DEVICE word pack_bf16(float first, float second) { return emulator::round(first) | ((word)emulator::round(second) << 16); }
DEVICE word pack_f16(float first, float second)
{
    return emulator::round_f16(first) | ((word)emulator::round_f16(second) << 16);
}
DEVICE float widened(f16 value) { return emulator::widen_f16(value.bits); }
DEVICE word to_tf32(float value) { return emulator::to_tf32(value); }
DEVICE float bits_to_float(word bits) { return emulator::bits_to_float(bits); }
DEVICE word float_to_bits(float value) { return emulator::float_to_bits(value); }
DEVICE float square_root(float value) { return std::sqrt(value); }

#else

// two blocks of up to 256 threads a multiprocessor: one loads while the other multiplies
#define KERNEL(threads) extern "C" __global__ void __launch_bounds__(threads, threads <= 256 ? 2 : 1)
#define DEVICE __device__ __forceinline__
#define SHARED(type, name) type* name = (type*)shared_bytes
#define MUTANT(name) false           // faults that the emulation plants to see that its checks find them
#define HAS_TENSOR_CORES (__CUDA_ARCH__ >= 750)       // of f16; those of 7.0 lay their operands out as no later ones do
#define HAS_LATER_TENSOR_CORES (__CUDA_ARCH__ >= 800) // of bf16 and tf32 too, and of f16 twice as deep at once
#define thread_index ((int)threadIdx.x)
#define block_index ((int)blockIdx.x)
#define block_count ((int)gridDim.x)

extern __shared__ __align__(16) unsigned char shared_bytes[];

DEVICE void barrier() { __syncthreads(); }

// Copies to shared memory while the thread goes on; outside the tensor zeros are written and nothing is read. Before
// compute capability 8.0 the copy is done at once.
DEVICE void copy_async16(void* to, const void* from, bool inside)
{
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n"
        :: "r"((word)__cvta_generic_to_shared(to)), "l"(from), "r"(inside ? 16 : 0) : "memory");
#else
    *(Quad*)to = inside ? *(const Quad*)from : Quad{0, 0, 0, 0};
#endif
}

DEVICE void copy_async4(void* to, const void* from, bool inside)
{
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;\n"
        :: "r"((word)__cvta_generic_to_shared(to)), "l"(from), "r"(inside ? 4 : 0) : "memory");
#else
    *(float*)to = inside ? *(const float*)from : 0;
#endif
}

DEVICE void copy_commit()
{
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;\n" ::: "memory");
#endif
}

// Waits until at most PENDING of this thread's groups of copies are under way.
template <int PENDING> DEVICE void copy_wait()
{
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group %0;\n" :: "n"(PENDING) : "memory");
#endif
}

DEVICE float widened(f16 value)
{
    float r;
    asm("cvt.f32.f16 %0, %1;\n" : "=f"(r) : "h"(value.bits));
    return r;
}

#if HAS_TENSOR_CORES
// Four 8 × 8 matrices: lane l hands in the address of row l % 8 of matrix l / 8 and gets two neighbours of each.
DEVICE void load_matrices(word (&r)[4], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\n"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"((word)__cvta_generic_to_shared(row)) : "memory");
}

DEVICE void load_matrices_transposed(word (&r)[4], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];\n"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"((word)__cvta_generic_to_shared(row)) : "memory");
}

// d[16, 8] += a[16, 8] · b[8, 8], spread over a warp: what compute capability 7.5 has.
DEVICE void multiply_add_f16_flat(float (&d)[4], word a0, word a1, word b)
{
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};\n"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a0), "r"(a1), "r"(b));
}

DEVICE word pack_f16(float first, float second)
{
#if __CUDA_ARCH__ >= 800
    word r;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;\n" : "=r"(r) : "f"(second), "f"(first));
    return r;
#else
    unsigned short low, high;
    asm("cvt.rn.f16.f32 %0, %1;\n" : "=h"(low) : "f"(first));
    asm("cvt.rn.f16.f32 %0, %1;\n" : "=h"(high) : "f"(second));
    return low | (word)high << 16;
#endif
}
#endif

#if HAS_LATER_TENSOR_CORES
// d[16, 8] += a[16, 16] · b[16, 8], spread over a warp.
DEVICE void multiply_add_f16(float (&d)[4], const word (&a)[4], word b0, word b1)
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\n"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// The same of bf16.
DEVICE void multiply_add_bf16(float (&d)[4], const word (&a)[4], word b0, word b1)
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\n"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// d[16, 8] += a[16, 8] · b[8, 8], spread over a warp. A word is a float32 whose lower 13 bits do not count.
DEVICE void multiply_add_tf32(float (&d)[4], const word (&a)[4], word b0, word b1)
{
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\n"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// To the nearest number of ten bits after the leading one, ties away from zero.
DEVICE word to_tf32(float value)
{
    word r;
    asm("cvt.rna.tf32.f32 %0, %1;\n" : "=r"(r) : "f"(value));
    return r;
}

DEVICE word pack_bf16(float first, float second)
{
    word r;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;\n" : "=r"(r) : "f"(second), "f"(first));
    return r;
}
#endif

template <class T> DEVICE T shuffle_xor(T value, int mask) { return __shfl_xor_sync(0xffffffffu, value, mask); }
template <class T> DEVICE T shuffle_up(T value, int distance)
{
    return __shfl_up_sync(0xffffffffu, value, distance);
}
DEVICE float bits_to_float(word bits) { return __uint_as_float(bits); }
DEVICE word float_to_bits(float value) { return __float_as_uint(value); }
DEVICE float square_root(float value) { return sqrtf(value); }

#endif

DEVICE int ceil_div(int count, int size) { return (count + size - 1) / size; }
template <class T> DEVICE void swap(T& a, T& b) { const T before = a; a = b, b = before; }
template <class T> DEVICE T least(T a, T b) { return b < a ? b : a; }
DEVICE float widened(bf16 value) { return bits_to_float((word)value << 16); }
DEVICE float widened(float value) { return value; }

// Two numbers in a word. A number that f16 has no room for becomes infinite: a training with scaled losses looks for that.
template <class Half> DEVICE word pack(float first, float second);
template <class Half> DEVICE Pair unpack(word pair);
#if HAS_LATER_TENSOR_CORES
template <> DEVICE word pack<bf16>(float first, float second) { return pack_bf16(first, second); }
template <> DEVICE Pair unpack<bf16>(word pair)
{
    return {widened((bf16)pair), bits_to_float(pair & 0xffff0000u)};
}
#endif
#if HAS_TENSOR_CORES
template <> DEVICE word pack<f16>(float first, float second)
{
    if (MUTANT(f16_saturates)) first = least(first, 65504.f), second = least(second, 65504.f);
    return pack_f16(first, second);
}
template <> DEVICE Pair unpack<f16>(word pair)
{
    const f16 low{(unsigned short)pair}, high{(unsigned short)(pair >> 16)};
    return MUTANT(f16_halves_swapped) ? Pair{widened(high), widened(low)} : Pair{widened(low), widened(high)};
}
#endif

// The sum over a warp, the same in every lane: the order of additions is fixed.
DEVICE float warp_sum(float value)
{
    for (int mask = 16; mask > 0; mask /= 2) value += shuffle_xor(value, mask);
    return value;
}
