// The tiles that experts are compiled for: suffix of the kernels' names, threads, type. The host chooses by the mean
// number of tokens an expert gets (ExpertTiles.cs, which must agree with this list).
#pragma once
#include "tiles.cuh"

#if HAS_TENSOR_CORES
typedef TensorTile<128, 128, 2, 4> TensorTile128;
typedef TensorTile<64, 128, 2, 4> TensorTile64;
typedef TensorTile<16, 128, 1, 4> TensorTile16;
#define TENSOR_INSTANCES(define) \
    define(bf16_128, 256, TensorTile128) define(bf16_64, 256, TensorTile64) define(bf16_16, 128, TensorTile16)
#else
#define TENSOR_INSTANCES(define)
#endif

typedef FloatTile<64, 64> FloatTile64;
typedef FloatTile<16, 64> FloatTile16;
#define EXPERT_INSTANCES(define) \
    TENSOR_INSTANCES(define) define(float_64, 256, FloatTile64) define(float_16, 256, FloatTile16)
