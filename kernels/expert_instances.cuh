// The tiles that experts are compiled for: suffix of the kernels' names, threads, type. The host chooses by the mean
// number of tokens an expert gets (CudaTile.cs, which a test holds against this list).
#pragma once
#include "parts.cuh"
#include "tiles.cuh"

#if HAS_BF16
typedef TensorTile<BFloat16Fragments, 128, 128, 2, 4> BFloat16Tile128;
typedef TensorTile<BFloat16Fragments, 64, 128, 2, 4> BFloat16Tile64;
typedef TensorTile<BFloat16Fragments, 16, 128, 1, 4> BFloat16Tile16;
#define BF16_INSTANCES(define) \
    define(bf16_128, 256, BFloat16Tile128) define(bf16_64, 256, BFloat16Tile64) define(bf16_16, 128, BFloat16Tile16)
#else
#define BF16_INSTANCES(define)
#endif

#if HAS_F16
typedef TensorTile<Float16Fragments, 128, 128, 2, 4> Float16Tile128;
typedef TensorTile<Float16Fragments, 64, 128, 2, 4> Float16Tile64;
typedef TensorTile<Float16Fragments, 16, 128, 1, 4> Float16Tile16;
#define F16_INSTANCES(define) \
    define(f16_128, 256, Float16Tile128) define(f16_64, 256, Float16Tile64) define(f16_16, 128, Float16Tile16)
#else
#define F16_INSTANCES(define)
#endif

#if HAS_F16_FLAT
// no taller ones: two blocks shall share the 64 KiB of compute capability 7.5, so that one loads while the other multiplies
typedef TensorTile<FlatFloat16Fragments, 64, 128, 2, 4> FlatFloat16Tile64;
typedef TensorTile<FlatFloat16Fragments, 16, 128, 1, 4> FlatFloat16Tile16;
#define F16_FLAT_INSTANCES(define) \
    define(f16_flat_64, 256, FlatFloat16Tile64) define(f16_flat_16, 128, FlatFloat16Tile16)
#else
#define F16_FLAT_INSTANCES(define)
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

#define EXPERT_INSTANCES(define) \
    BF16_INSTANCES(define) F16_INSTANCES(define) F16_FLAT_INSTANCES(define) TF32_INSTANCES(define) FLOAT_INSTANCES(define)
