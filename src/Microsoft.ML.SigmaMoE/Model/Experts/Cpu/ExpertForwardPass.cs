using System.Numerics.Tensors;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The forward pass of one thread over its own tokens, a tile of at most 96 tokens of one expert at a time: gather →
/// multiply → relu → multiply → weigh and add. Nothing of size [tokens · K, d_model] ever exists.
/// </summary>
internal sealed unsafe class ExpertForwardPass(ExpertCall call, PackedExperts weights, float* output) : IDisposable
{
    private readonly Scratch<ushort> _tile = new((long)ExpertShape.TileRows * call.Shape.PaddedModelSize);
    private readonly Scratch<ushort> _masked = new((long)ExpertShape.TileRows * call.Shape.PaddedExpertSize);
    private readonly Scratch<float> _raw = new((long)ExpertShape.TileRows * call.Shape.ExpertSize);
    private readonly Scratch<float> _mixed = new((long)ExpertShape.TileRows * call.Shape.ModelSize);

    /// <summary>Computes one stretch.</summary>
    public void Run(TokenShare share)
    {
        var (size, width) = (call.Shape.ModelSize, call.Shape.PaddedExpertSize);
        var rows = ExpertShape.Pad(share.Count, 16);
        call.Tokens.Gather(call.TokensOf(share), _tile.Pointer);
        Brgemm.Multiply(
            rows, call.Shape.ExpertSize, call.Shape.PaddedModelSize, _tile.Pointer, call.Shape.PaddedModelSize,
            weights.Into(share.Expert), _raw.Pointer, call.Shape.ExpertSize, accumulate: false);
        var hidden = Activate(share);
        Brgemm.Multiply(
            rows, size, width, hidden, width, weights.OutOf(share.Expert), _mixed.Pointer, size, accumulate: false);
        for (var row = 0; row < share.Count; row++)
        {
            var target = new Span<float>(output + call.TokenAt(share.Start + row) * size, size);
            var mixed = new ReadOnlySpan<float>(_mixed.Pointer + (long)row * size, size);
            TensorPrimitives.MultiplyAdd(mixed, call.GateAt(share.Start + row), target, target);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tile.Dispose();
        _masked.Dispose();
        _raw.Dispose();
        _mixed.Dispose();
    }

    // relu(raw + bias) is kept for the backward pass; the mask, where there is one, acts on a copy
    private ushort* Activate(TokenShare share)
    {
        var (size, width) = (call.Shape.ExpertSize, call.Shape.PaddedExpertSize);
        for (var row = 0; row < share.Count; row++)
        {
            var raw = new Span<float>(_raw.Pointer + (long)row * size, size);
            if (call.BiasOf(share.Expert) is { IsEmpty: false } bias)
            {
                TensorPrimitives.Add(raw, bias, raw);
            }

            TensorPrimitives.Max(raw, 0f, raw);
            BFloat16Rounding.Round(raw, new(call.HiddenAt(share.Start + row), size));
            if (call.MaskAt(share.Start + row) is { IsEmpty: false } mask)
            {
                TensorPrimitives.Multiply(raw, mask, raw);
                BFloat16Rounding.Round(raw, new(_masked.Pointer + (long)row * width, size));
            }
        }

        return call.HasMask ? _masked.Pointer : call.HiddenAt(share.Start);
    }
}
