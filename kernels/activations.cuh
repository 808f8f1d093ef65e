// What stands between the two layers of an expert, φ, and its derivative. The numbers are those of the enum in Activation.cs.
#pragma once
#include "primitives.cuh"

enum Activation { RELU, GELU, GELU_TANH, SILU };

struct Activated { float value, slope; };

// Where every φ has long been 0 or x: numbers below are taken for this one, for −∞ · 0 is none.
constexpr float FAR = 1e4f;

DEVICE float logistic(float x) { return 1 / (1 + expf(-x)); }

DEVICE Activated silu(float x)
{
    const float gate = logistic(x);
    return {x * gate, gate * (1 + x * (1 - gate))};
}

// ½ (1 + tanh u) = logistic(2u) with u = √(2/π) (x + 0.044715 x³)
DEVICE Activated gelu_tanh(float x)
{
    const float linear = 1.5957691216f, cubic = linear * 0.044715f;
    const float square = x * x > FAR * FAR ? FAR * FAR : x * x;        // nothing overflows
    const float gate = logistic(x * (linear + cubic * square));
    return {x * gate, gate + x * gate * (1 - gate) * (linear + 3 * cubic * square)};
}

// x · Φ(x); Φ′ is the normal density
DEVICE Activated gelu(float x)
{
    const float below = 0.5f * erfcf(x * -0.7071067812f);
    return {x * below, below + x * 0.3989422804f * expf(-0.5f * x * x)};
}

// Not-a-number stays what it is.
DEVICE Activated relu(float x) { return {x < 0 ? 0 : x, x > 0 ? 1.f : 0.f}; }

DEVICE Activated activated(int activation, float x)
{
    if (activation == RELU || MUTANT(always_relu)) return relu(x);
    if (x < -FAR) x = -FAR;
    switch (activation)
    {
        case GELU: return gelu(x);
        case GELU_TANH: return gelu_tanh(x);
        default: return silu(x);
    }
}
