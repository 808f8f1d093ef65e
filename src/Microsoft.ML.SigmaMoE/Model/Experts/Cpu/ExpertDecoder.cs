using TorchSharp;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A few tokens through their experts, with weights as they are stored. A hidden neuron's two rows are contiguous: one dot
/// product, and one addition where relu lets it through; the second row of a dead neuron is not read. Tokens of the same
/// expert share what was read, and threads share the experts: one core alone does not read as fast as memory gives.
/// </summary>
/// <remarks>
/// Results do not depend on the number of threads: every choice has a sum of its own, and those are added in order at the end.
/// </remarks>
internal sealed unsafe class ExpertDecoder
{
    // Of neurons: 64 rows of d_model 512 are 128 kB, which stay in the second-level cache for the next token.
    private const int Block = 64;

    private readonly ExpertShape _shape;
    private readonly int _active;
    private readonly float* _tokens;
    private readonly float* _up;
    private readonly float* _down;
    private readonly float* _bias;

    private ExpertDecoder(in ExpertInputs inputs, Tensor tokens, int slots)
    {
        var sizes = inputs.Up.shape;                        // asking libtorch takes a microsecond
        _shape = new((int)sizes[2], (int)sizes[1]);
        _active = slots / (int)(tokens.numel() / _shape.ModelSize);
        _tokens = TensorMemory.Of<float>(tokens);
        _up = TensorMemory.Of<float>(inputs.Up);
        _down = TensorMemory.Of<float>(inputs.Down);
        _bias = TensorMemory.Of<float>(inputs.UpBias);
    }

    /// <summary>Computes the output of a few tokens in float32, without what a backward pass needs.</summary>
    /// <param name="inputs">Tokens and weights on the processor; the gates are not read.</param>
    /// <param name="experts">[tokens · K]: the chosen experts.</param>
    /// <param name="gates">[tokens · K]: their weights.</param>
    /// <returns>[tokens, d_model].</returns>
    public static Tensor Decode(in ExpertInputs inputs, int[] experts, float[] gates)
    {
        using var tokens = inputs.Tokens.contiguous();
        var output = empty_like(tokens);
        var decoder = new ExpertDecoder(inputs, tokens, experts.Length);
        using var mixed = new Scratch<float>((long)experts.Length * decoder._shape.ModelSize);   // [tokens · K, d_model]
        decoder.Run(experts, gates, mixed.Pointer);
        decoder.Sum(mixed.Pointer, experts.Length, TensorMemory.Of<float>(output));
        return output;
    }

    // mixed[slot] += gate[slot] · relu(x[n] · up_eᵀ + b_e) · down_e
    private void Run(int[] experts, float[] gates, float* mixed)
    {
        int[] chosen = [.. experts.Distinct()];
        var weights = 2L * chosen.Length * _shape.ExpertSize * _shape.ModelSize;
        CpuWork.Run(CpuWork.Readers(weights), chosen.Length, piece =>
        {
            for (var neuron = 0; neuron < _shape.ExpertSize; neuron += Block)
            {
                for (var slot = 0; slot < experts.Length; slot++)
                {
                    if (experts[slot] == chosen[piece])
                    {
                        Neurons(
                            chosen[piece], neuron, Math.Min(Block, _shape.ExpertSize - neuron),
                            _tokens + (long)(slot / _active) * _shape.ModelSize, gates[slot],
                            mixed + (long)slot * _shape.ModelSize);
                    }
                }
            }
        });
    }

    private void Sum(float* mixed, int slots, float* output)
    {
        var size = _shape.ModelSize;
        for (var slot = 0; slot < slots; slot++)
        {
            var row = new ReadOnlySpan<float>(mixed + (long)slot * size, size);
            var sum = new Span<float>(output + (long)(slot / _active) * size, size);
            if (slot % _active == 0)
            {
                row.CopyTo(sum);
            }
            else
            {
                TensorPrimitives.Add(sum, row, sum);
            }
        }
    }

    private void Neurons(int expert, int first, int count, float* token, float gate, float* output)
    {
        var start = (long)expert * _shape.ExpertSize + first;
        var hidden = stackalloc float[Block];
        RowProducts.Dot(_up + start * _shape.ModelSize, count, _shape.ModelSize, token, hidden);
        var alive = stackalloc int[Block];
        var factors = stackalloc float[Block];
        var living = 0;
        for (var neuron = 0; neuron < count; neuron++)
        {
            var value = _bias == null ? hidden[neuron] : hidden[neuron] + _bias[start + neuron];
            (alive[living], factors[living]) = (neuron, gate * value);
            living += value <= 0 ? 0 : 1;                   // a number that is none must be seen in the result
        }

        RowProducts.AddSome(
            _down + start * _shape.ModelSize, new(alive, living), new(factors, living), _shape.ModelSize, output);
    }
}
