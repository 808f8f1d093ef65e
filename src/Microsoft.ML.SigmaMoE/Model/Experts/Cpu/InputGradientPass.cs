using System.Numerics.Tensors;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The backward pass of one thread over its own tokens: the gradient by gates, hidden vectors and tokens, in the same
/// tiles as forward.
/// </summary>
/// <param name="call">The forward call's data.</param>
/// <param name="weights">Down, transposed, into the experts; up, as it is, out of them.</param>
/// <param name="arriving">The gradient by the output, rounded.</param>
/// <param name="byToken">[tokens, D]: is added to.</param>
/// <param name="byGate">[tokens · K] by slot: is set.</param>
/// <param name="byRaw">[positions + 16, padded G]: the gradient before relu, sorted: is set.</param>
internal sealed unsafe class InputGradientPass(
    ExpertCall call, PackedExperts weights, RoundedRows arriving, float* byToken, float* byGate, ushort* byRaw) : IDisposable
{
    private readonly Scratch<ushort> _tile = new((long)ExpertShape.TileRows * call.Shape.PaddedModelSize);
    private readonly Scratch<float> _byHidden = new((long)ExpertShape.TileRows * call.Shape.ExpertSize);
    private readonly Scratch<float> _mixed = new((long)ExpertShape.TileRows * call.Shape.ModelSize);

    /// <summary>Computes one stretch.</summary>
    public void Run(TokenShare share)
    {
        var (size, width) = (call.Shape.ModelSize, call.Shape.PaddedExpertSize);
        var rows = ExpertShape.Pad(share.Count, 16);
        arriving.Gather(call.TokensOf(share), _tile.Pointer);
        Brgemm.Multiply(
            rows, call.Shape.ExpertSize, call.Shape.PaddedModelSize, _tile.Pointer, call.Shape.PaddedModelSize,
            weights.Into(share.Expert), _byHidden.Pointer, call.Shape.ExpertSize, accumulate: false);
        for (var row = 0; row < share.Count; row++)
        {
            Deactivate(share.Start + row, new(_byHidden.Pointer + (long)row * call.Shape.ExpertSize, call.Shape.ExpertSize));
        }

        Brgemm.Multiply(
            rows, size, width, byRaw + (long)share.Start * width, width, weights.OutOf(share.Expert),
            _mixed.Pointer, size, accumulate: false);
        for (var row = 0; row < share.Count; row++)
        {
            var target = new Span<float>(byToken + call.TokenAt(share.Start + row) * size, size);
            TensorPrimitives.Add(target, new ReadOnlySpan<float>(_mixed.Pointer + (long)row * size, size), target);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tile.Dispose();
        _byHidden.Dispose();
        _mixed.Dispose();
    }

    // byGate = Σ byHidden · mask · h; byRaw = gate · mask · byHidden where h > 0
    private void Deactivate(int position, Span<float> byHidden)
    {
        if (call.MaskAt(position) is { IsEmpty: false } mask)
        {
            TensorPrimitives.Multiply(byHidden, mask, byHidden);
        }

        var hidden = call.HiddenAt(position);
        var gate = call.GateAt(position);
        var sum = 0f;
        for (var neuron = 0; neuron < byHidden.Length; neuron++)
        {
            var value = BFloat16Rounding.Widen(hidden[neuron]);
            sum += byHidden[neuron] * value;
            byHidden[neuron] = value > 0 ? byHidden[neuron] * gate : 0;
        }

        byGate[call.Batch.SlotOrder[position]] = sum;
        BFloat16Rounding.Round(byHidden, new(byRaw + (long)position * call.Shape.PaddedExpertSize, byHidden.Length));
    }
}
