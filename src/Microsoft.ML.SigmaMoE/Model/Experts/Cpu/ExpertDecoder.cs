using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A few tokens through their experts, on the calling thread, with weights as they are stored. A hidden neuron's two rows
/// are contiguous: one dot product, and one addition where relu lets it through; the second row of a dead neuron is not
/// read. Tokens of the same expert share what was read. (Two threads were no faster: 211 and 241 µs at d_model 1024.)
/// </summary>
internal sealed unsafe class ExpertDecoder(ExpertShape shape, int active, float* up, float* down, float* bias)
{
    // Of neurons: 64 rows of d_model 512 are 128 kB, which stay in the second-level cache for the next token.
    private const int Block = 64;

    /// <summary>Computes the output of a few tokens in float32, without what a backward pass needs.</summary>
    /// <param name="inputs">Tokens and weights on the processor; the gates are not read.</param>
    /// <param name="experts">[tokens · K]: the chosen experts.</param>
    /// <param name="gates">[tokens · K]: their weights.</param>
    /// <returns>[tokens, d_model].</returns>
    public static Tensor Decode(in ExpertInputs inputs, ReadOnlySpan<int> experts, ReadOnlySpan<float> gates)
    {
        using var tokens = inputs.Tokens.contiguous();
        var output = zeros_like(tokens);
        var shape = new ExpertShape((int)inputs.Up.shape[2], (int)inputs.Up.shape[1]);
        var decoder = new ExpertDecoder(
            shape, experts.Length / (int)tokens.shape[0], TensorMemory.Of<float>(inputs.Up), TensorMemory.Of<float>(inputs.Down),
            TensorMemory.Of<float>(inputs.UpBias));
        decoder.Run(TensorMemory.Of<float>(tokens), experts, gates, TensorMemory.Of<float>(output));
        return output;
    }

    // output[n] += Σ_k gate[n, k] · relu(x[n] · up_eᵀ + b_e) · down_e
    private void Run(float* tokens, ReadOnlySpan<int> experts, ReadOnlySpan<float> gates, float* output)
    {
        for (var slot = 0; slot < experts.Length; slot++)
        {
            if (experts[..slot].Contains(experts[slot]))
            {
                continue; // done with the first token that chose this expert
            }

            for (var neuron = 0; neuron < shape.ExpertSize; neuron += Block)
            {
                for (var other = slot; other < experts.Length; other++)
                {
                    if (experts[other] == experts[slot])
                    {
                        var token = (long)(other / active) * shape.ModelSize;
                        var count = Math.Min(Block, shape.ExpertSize - neuron);
                        Neurons(experts[slot], neuron, count, tokens + token, gates[other], output + token);
                    }
                }
            }
        }
    }

    private void Neurons(int expert, int first, int count, float* token, float gate, float* output)
    {
        var start = (long)expert * shape.ExpertSize + first;
        var hidden = stackalloc float[Block];
        RowProducts.Dot(up + start * shape.ModelSize, count, shape.ModelSize, token, hidden);
        var alive = stackalloc int[Block];
        var factors = stackalloc float[Block];
        var living = 0;
        for (var neuron = 0; neuron < count; neuron++)
        {
            var value = bias == null ? hidden[neuron] : hidden[neuron] + bias[start + neuron];
            (alive[living], factors[living]) = (neuron, gate * value);
            living += value <= 0 ? 0 : 1;                   // a number that is none must be seen in the result
        }

        RowProducts.AddSome(
            down + start * shape.ModelSize, new(alive, living), new(factors, living), shape.ModelSize, output);
    }
}
