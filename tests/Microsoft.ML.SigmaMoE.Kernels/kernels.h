// All kernels, compiled for the emulator.
#pragma once
#include "../../kernels/adamw.cu"
#include "../../kernels/conversion.cu"
#include "../../kernels/decode.cu"
#include "../../kernels/expert_backward.cu"
#include "../../kernels/expert_forward.cu"
#include "../../kernels/gather.cu"
#include "../../kernels/routing.cu"
