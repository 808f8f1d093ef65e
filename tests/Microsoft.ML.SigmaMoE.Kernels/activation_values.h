// Activations of one number in float64, from their definitions; slopes are differences.
#pragma once
#include "checks.h"

#include "../../kernels/activations.cuh"

inline double activation_value(int activation, double x)
{
    switch (activation)
    {
        case 1: return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
        case 2: return 0.5 * x * (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
        case 3: return x / (1 + std::exp(-x));
        default: return std::max(0.0, x);
    }
}

inline double activation_slope(int activation, double x)
{
    const double step = 1e-6;
    if (activation == 0) return x > 0 ? 1 : 0;
    return (activation_value(activation, x + step) - activation_value(activation, x - step)) / (2 * step);
}

// Far out every activation is relu, and what is no number stays none.
inline void check_far_activations()
{
    checks::context = "activations far out";
    const float none = std::nanf(""), endless = HUGE_VALF;
    for (int activation = 1; activation < 4; activation++)
    {
        for (float x : {-endless, -3e38f, -1e30f, -1e10f, -1000.f, -100.f, 100.f, 1000.f, 1e10f, 1e30f, 3e38f})
        {
            const Activated far = activated(activation, x);
            checks::equal("value", activation, far.value, x < 0 ? 0 : x);
            checks::equal("slope", activation, far.slope, x < 0 ? 0 : 1);
        }
        if (!std::isnan(activated(activation, none).value)) checks::fail("what is no number became one");
    }
}
