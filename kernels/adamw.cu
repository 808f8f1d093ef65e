// One step of AdamW over many tensors in one launch; per element, with gradient g · gradient_scale:
//   m ← m + (1 − β₁)(g − m);  v ← β₂ v + (1 − β₂) g²;  p ← p · decay − step_size · m / (√v · root_scale + ε)
// A tensor's numbers are already in the form in which they are used (AdamWCoefficients.cs). All float32, in place. A
// block owns one chunk of at most 65,536 elements of one tensor: chunk → (tensor, first element), made on the host.
#include "primitives.cuh"

struct alignas(16) AdamWTensor
{
    float *parameter, *mean, *square;
    const float* gradient;
    Index size;
    float gradient_scale, decay, one_minus_beta1, beta2, one_minus_beta2, step_size, root_scale, epsilon;
};
struct alignas(16) AdamWChunk { Index tensor, first; };
constexpr int ADAMW_CHUNK = 65536;

KERNEL(256) adamw(const AdamWTensor* tensors, const AdamWChunk* chunks)
{
    const AdamWChunk chunk = chunks[block_index];
    const AdamWTensor t = tensors[chunk.tensor];
    const Index end = least(chunk.first + ADAMW_CHUNK, MUTANT(adamw_past_end) ? chunk.first + ADAMW_CHUNK : t.size);
    for (Index i = chunk.first + thread_index; i < end; i += 256)
    {
        const float g = t.gradient[i] * t.gradient_scale;
        const float m = t.mean[i] + (g - t.mean[i]) * t.one_minus_beta1;
        const float v = t.square[i] * t.beta2 + g * g * t.one_minus_beta2;
        t.mean[i] = m;
        t.square[i] = v;
        t.parameter[i] = t.parameter[i] * t.decay - m * t.step_size / (square_root(v) * t.root_scale + t.epsilon);
    }
}
