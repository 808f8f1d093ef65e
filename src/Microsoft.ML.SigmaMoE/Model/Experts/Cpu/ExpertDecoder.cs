using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A few tokens through their experts: reading weights is all the work, so tokens of the same expert share what was
/// read, and threads share the experts: one core alone does not read as fast as memory gives.
/// </summary>
/// <remarks>
/// Results do not depend on the number of threads: every choice has a sum of its own, and those are added in order at
/// the end.
/// </remarks>
internal sealed unsafe class ExpertDecoder
{
    private readonly ExpertShape _shape;
    private readonly IExpertRows _weights;
    private readonly int _active;
    private readonly float* _tokens;

    private ExpertDecoder(ExpertShape shape, IExpertRows weights, Tensor tokens, int slots)
    {
        (_shape, _weights) = (shape, weights);
        _active = slots / (int)(tokens.numel() / shape.ModelSize);
        _tokens = TensorMemory.Of<float>(tokens);
    }

    /// <summary>
    /// Computes the output of a few tokens, without what a backward pass needs: in float32, with weights in bfloat16
    /// where they are kept packed.
    /// </summary>
    /// <param name="inputs">Tokens, [.., d_model], and weights on the processor; the gates are not read.</param>
    /// <param name="packed">The weights that tiles read, or null.</param>
    /// <param name="experts">[tokens · K]: the chosen experts.</param>
    /// <param name="gates">[tokens · K]: their weights.</param>
    /// <returns>As the tokens.</returns>
    public static Tensor Decode(in ExpertInputs inputs, PackedExperts? packed, int[] experts, float[] gates)
    {
        using var tokens = inputs.Tokens.contiguous();
        var output = empty_like(tokens);
        var shape = new ExpertShape((int)inputs.Up.size(2), (int)inputs.Up.size(1));
        var bias = TensorMemory.Of<float>(inputs.UpBias);
        var activation = ActivationKernels.Of(inputs.Activation).Row;
        IExpertRows weights = packed is null
            ? new StoredExpertRows(
                TensorMemory.Of<float>(inputs.Up), TensorMemory.Of<float>(inputs.Down), bias, shape, activation)
            : new PackedExpertRows(packed, bias, shape, activation);
        var decoder = new ExpertDecoder(shape, weights, tokens, experts.Length);
        using var mixed = new Scratch<float>((long)experts.Length * shape.ModelSize);   // [tokens · K, d_model]
        decoder.Run(experts, gates, mixed.Pointer);
        decoder.Sum(mixed.Pointer, experts.Length, TensorMemory.Of<float>(output));
        return output;
    }

    // mixed[slot] += gate[slot] · φ(x[n] · up_eᵀ + b_e) · down_e
    private void Run(int[] experts, float[] gates, float* mixed)
    {
        int[] chosen = [.. experts.Distinct()];
        var read = 2L * chosen.Length * _shape.ExpertSize * _shape.ModelSize * _weights.WeightSize;
        CpuWork.Run(CpuWork.Readers(read / sizeof(float)), chosen.Length, piece =>
        {
            for (var neuron = 0; neuron < _shape.ExpertSize; neuron += _weights.Block)
            {
                for (var slot = 0; slot < experts.Length; slot++)
                {
                    if (experts[slot] == chosen[piece])
                    {
                        _weights.Add(
                            chosen[piece], neuron, Math.Min(_weights.Block, _shape.ExpertSize - neuron),
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
}
