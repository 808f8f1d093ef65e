// The tiles that experts are compiled for: suffix of the kernels' names, threads, type. The host chooses by the mean
// number of tokens an expert gets (CudaTile.cs, which a test holds against this list). One file compiled with
// ONLY_FLOAT, ONLY_TF32 and ONLY_BF16 makes three parts, of which a process loads one.
#pragma once
#include "tiles.cuh"

#if defined(ONLY_FLOAT) || defined(ONLY_TF32)
#define HAS_BF16 0
#else
#define HAS_BF16 HAS_TENSOR_CORES
#endif
#if defined(ONLY_FLOAT) || defined(ONLY_BF16)
#define HAS_TF32 0
#else
#define HAS_TF32 HAS_TENSOR_CORES
#endif
#if defined(ONLY_TF32) || defined(ONLY_BF16)
#define HAS_FLOAT 0
#else
#define HAS_FLOAT 1
#endif

#if HAS_BF16
typedef TensorTile<BFloat16Fragments, 128, 128, 2, 4> BFloat16Tile128;
typedef TensorTile<BFloat16Fragments, 64, 128, 2, 4> BFloat16Tile64;
typedef TensorTile<BFloat16Fragments, 16, 128, 1, 4> BFloat16Tile16;
#define BF16_INSTANCES(define) \
    define(bf16_128, 256, BFloat16Tile128) define(bf16_64, 256, BFloat16Tile64) define(bf16_16, 128, BFloat16Tile16)
#else
#define BF16_INSTANCES(define)
#endif

#if HAS_TF32
typedef TensorTile<Tf32Fragments, 128, 128, 2, 4> Tf32Tile128;
typedef TensorTile<Tf32Fragments, 64, 128, 2, 4> Tf32Tile64;
typedef TensorTile<Tf32Fragments, 16, 128, 1, 4> Tf32Tile16;
#define TF32_INSTANCES(define) \
    define(tf32_128, 256, Tf32Tile128) define(tf32_64, 256, Tf32Tile64) define(tf32_16, 128, Tf32Tile16)
#else
#define TF32_INSTANCES(define)
#endif

#if HAS_FLOAT
typedef FloatTile<64, 64> FloatTile64;
typedef FloatTile<16, 64> FloatTile16;
#define FLOAT_INSTANCES(define) define(float_64, 256, FloatTile64) define(float_16, 256, FloatTile16)
#else
#define FLOAT_INSTANCES(define)
#endif

#define EXPERT_INSTANCES(define) BF16_INSTANCES(define) TF32_INSTANCES(define) FLOAT_INSTANCES(define)
