// The tiles that experts are compiled for: suffix of the kernels' names, threads, type. The host chooses by the mean
// number of tokens an expert gets (CudaTile.cs, which a test holds against this list). One file compiled with ONLY_FLOAT
// and with ONLY_BF16 makes two parts, of which a process loads one.
#pragma once
#include "tiles.cuh"

#ifdef ONLY_FLOAT
#define HAS_BF16 0
#else
#define HAS_BF16 HAS_TENSOR_CORES
#endif
#ifdef ONLY_BF16
#define HAS_FLOAT 0
#else
#define HAS_FLOAT 1
#endif

#if HAS_BF16
typedef TensorTile<128, 128, 2, 4> TensorTile128;
typedef TensorTile<64, 128, 2, 4> TensorTile64;
typedef TensorTile<16, 128, 1, 4> TensorTile16;
#define TENSOR_INSTANCES(define) \
    define(bf16_128, 256, TensorTile128) define(bf16_64, 256, TensorTile64) define(bf16_16, 128, TensorTile16)
#else
#define TENSOR_INSTANCES(define)
#endif

#if HAS_FLOAT
typedef FloatTile<64, 64> FloatTile64;
typedef FloatTile<16, 64> FloatTile16;
#define FLOAT_INSTANCES(define) define(float_64, 256, FloatTile64) define(float_16, 256, FloatTile16)
#else
#define FLOAT_INSTANCES(define)
#endif

#define EXPERT_INSTANCES(define) TENSOR_INSTANCES(define) FLOAT_INSTANCES(define)
