// All kernels, compiled for the emulator.
#pragma once
#include "../../kernels/conversion.cu"
#include "../../kernels/expert_backward.cu"
#include "../../kernels/expert_forward.cu"
#include "../../kernels/routing.cu"
