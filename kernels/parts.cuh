// One file makes a part for each number type, of which a process loads one: compiled with ONLY_FLOAT, ONLY_TF32,
// ONLY_BF16, ONLY_F16 or ONLY_F16_FLAT it holds that type's kernels alone; without, as the emulator compiles it, all.
#pragma once
#include "primitives.cuh"

#if defined(ONLY_FLOAT) || defined(ONLY_TF32) || defined(ONLY_BF16) || defined(ONLY_F16) || defined(ONLY_F16_FLAT)
#define IS_PART 1
#else
#define IS_PART 0
#endif

#if defined(ONLY_F16) || !IS_PART
#define HAS_F16 HAS_LATER_TENSOR_CORES
#else
#define HAS_F16 0
#endif
#if defined(ONLY_F16_FLAT) || !IS_PART
#define HAS_F16_FLAT HAS_TENSOR_CORES
#else
#define HAS_F16_FLAT 0
#endif
#if defined(ONLY_BF16) || !IS_PART
#define HAS_BF16 HAS_LATER_TENSOR_CORES
#else
#define HAS_BF16 0
#endif
#if defined(ONLY_TF32) || !IS_PART
#define HAS_TF32 HAS_LATER_TENSOR_CORES
#else
#define HAS_TF32 0
#endif
#if defined(ONLY_FLOAT) || !IS_PART
#define HAS_FLOAT 1
#else
#define HAS_FLOAT 0
#endif
