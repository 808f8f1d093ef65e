using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The forward pass of one thread over its own tokens, a tile of at most 96 tokens of one expert at a time: gather →
/// multiply → relu → multiply → weigh and add. Nothing of size [tokens · K, d_model] ever exists.
/// </summary>
internal sealed unsafe class ExpertForwardPass(ExpertCall call, PackedExperts weights, TokenSums output) : IDisposable
{
    private readonly Brgemm _brgemm = new();
    private readonly Scratch<ushort> _tile = new((long)ExpertShape.TileRows * call.Shape.PaddedModelSize, isZeroed: false);
    private readonly Scratch<ushort> _masked = new((long)ExpertShape.TileRows * call.Shape.PaddedExpertSize);
    private readonly Scratch<float> _raw = new((long)ExpertShape.TileRows * call.Shape.ExpertStride, isZeroed: false);
    private readonly Scratch<float> _mixed = new((long)ExpertShape.TileRows * call.Shape.ModelStride, isZeroed: false);

    /// <summary>Computes one stretch.</summary>
    public void Run(TokenShare share)
    {
        var (stride, width, expertStride) = (call.Shape.ModelStride, call.Shape.PaddedExpertSize, call.Shape.ExpertStride);
        var rows = Padding.Up(share.Count, 16);
        call.Tokens.Gather(call.TokensOf(share), _tile.Pointer);
        _brgemm.Multiply(
            rows, width, call.Shape.PaddedModelSize, _tile.Pointer, call.Shape.PaddedModelSize,
            weights.Into(share.Expert), expertStride, _raw.Pointer, expertStride, accumulate: false);
        var hidden = Activate(share);
        _brgemm.Multiply(
            rows, call.Shape.PaddedModelSize, width, hidden, width, weights.OutOf(share.Expert), stride,
            _mixed.Pointer, stride, accumulate: false);
        for (var row = 0; row < share.Count; row++)
        {
            output.Add(call.TokenAt(share.Start + row), _mixed.Pointer + (long)row * stride, call.GateAt(share.Start + row));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _brgemm.Dispose();
        _tile.Dispose();
        _masked.Dispose();
        _raw.Dispose();
        _mixed.Dispose();
    }

    // The mask, where there is one, acts on a copy.
    private ushort* Activate(TokenShare share)
    {
        for (var row = 0; row < share.Count; row++)
        {
            Activate(
                share.Expert, share.Start + row, _raw.Pointer + row * call.Shape.ExpertStride,
                _masked.Pointer + row * call.Shape.PaddedExpertSize);
        }

        return call.HasMask ? _masked.Pointer : call.HiddenAt(share.Start);
    }

    // relu(raw + bias) is kept for the backward pass.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Activate(int expert, int position, float* raw, ushort* masked)
    {
        var size = call.Shape.ExpertSize;
        var hidden = call.HiddenAt(position);
        var bias = call.BiasOf(expert);
        var mask = call.MaskAt(position);
        var i = 0;
        for (; i <= size - 32; i += 32)
        {
            var x = Raw(raw + i, bias, i);
            var y = Raw(raw + i + 16, bias, i + 16);
            BFloat16Rounding.Narrow(x, y).Store(hidden + i);
            if (mask != null)
            {
                var (m, n) = (Vector512.Load(mask + i), Vector512.Load(mask + i + 16));
                BFloat16Rounding.Narrow(x * m, y * n).Store(masked + i);
            }
        }

        for (; i < size; i++)
        {
            var x = Math.Max(bias == null ? raw[i] : raw[i] + bias[i], 0);
            hidden[i] = BFloat16Rounding.Round(x);
            masked[i] = mask == null ? (ushort)0 : BFloat16Rounding.Round(x * mask[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Raw(float* raw, float* bias, int place) => Vector512.Max(
        bias == null ? Vector512.Load(raw) : Vector512.Load(raw) + Vector512.Load(bias + place), Vector512<float>.Zero);
}
