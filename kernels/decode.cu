// The σ-MoE layer for a few tokens, as in generation, where time is that of reading the chosen experts' weights:
// float32 as they are stored, without sorting and without touching the experts that nobody chose.
//   decode_up    hidden[s, g] = φ(Σ_d x[n, d] · up[e, g, d] + bias[e, g])           s = n · K + k, e = chosen[s]
//   decode_down  y[n, d]      = Σ_k gate[s] · Σ_g hidden[s, g] · down[e, g, d]
// Layouts: x, y [N, D], chosen [N, K] int64, gates [N, K], hidden [N · K, G], up and down [E, G, D], bias [E, G]; float32.
#include "activations.cuh"
#include "expert_tiles.cuh"

// One warp, one neuron of one slot.
KERNEL(256) decode_up(
    const float* x, const long long* chosen, const float* up, const float* bias, float* hidden, Index slots, int active,
    int expert_size, int model_size, int activation)
{
    const Index i = (Index)block_index * 8 + thread_index / 32, slot = i / expert_size;
    if (slot >= slots) return;
    const Index neuron = (Index)chosen[slot] * expert_size + i % expert_size;
    const float* token = x + slot / active * model_size;
    const float* weights = up + neuron * model_size;
    float sum = 0;
    for (int d = thread_index % 32; d < model_size; d += 32) sum += token[d] * weights[d];
    sum = warp_sum(sum);
    if (bias != nullptr) sum += bias[neuron];
    if (thread_index % 32 == 0) hidden[i] = activated(activation, sum).value;
}

// A block owns 32 columns of one token; its warps take the neurons of all choices in turn, then add in a fixed order.
KERNEL(256) decode_down(
    const float* hidden, const long long* chosen, const float* gates, const float* down, float* y, int active,
    int expert_size, int model_size)
{
    SHARED(float, sums);                                  // [8, 32]
    const int across = ceil_div(model_size, 32), lane = thread_index % 32, warp = thread_index / 32;
    const int d = block_index % across * 32 + lane;
    const Index n = block_index / across;
    float sum = 0;
    if (d < model_size)
        for (int k = 0; k < active; k++)
        {
            const Index slot = n * active + k, first = (Index)chosen[slot] * expert_size;
            float part = 0;
#pragma unroll 4
            for (int g = warp; g < expert_size; g += 8)
                part += hidden[slot * expert_size + g] * down[(first + g) * model_size + d];
            sum += (MUTANT(decode_no_gate) ? 1 : gates[slot]) * part;
        }
    sums[thread_index] = sum;
    if (!MUTANT(decode_no_barrier)) barrier();
    if (warp != 0 || d >= model_size) return;
    for (int other = 1; other < 8; other++) sum += sums[other * 32 + lane];
    y[n * model_size + d] = sum;
}
