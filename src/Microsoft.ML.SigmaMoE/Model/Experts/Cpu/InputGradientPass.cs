using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The backward pass of one thread over its own tokens: the gradient by gates, hidden vectors and tokens, in the same
/// tiles as forward.
/// </summary>
/// <param name="call">The forward call's data.</param>
/// <param name="weights">Down, transposed, into the experts; up, as it is, out of them.</param>
/// <param name="arriving">The gradient by the output, rounded.</param>
/// <param name="byToken">The gradient by each token.</param>
/// <param name="byGate">[tokens · K] by slot: is set.</param>
/// <param name="byRaw">[positions + 16, padded G]: the gradient before relu, sorted: is set.</param>
internal sealed unsafe class InputGradientPass(
    ExpertCall call, PackedExperts weights, RoundedRows arriving, TokenSums byToken, float* byGate, ushort* byRaw)
    : IDisposable
{
    private readonly Brgemm _brgemm = new();
    private readonly Scratch<ushort> _tile = new((long)ExpertShape.TileRows * call.Shape.PaddedModelSize, isZeroed: false);
    private readonly Scratch<float> _byHidden = new((long)ExpertShape.TileRows * call.Shape.ExpertStride, isZeroed: false);
    private readonly Scratch<float> _mixed = new((long)ExpertShape.TileRows * call.Shape.ModelStride, isZeroed: false);

    /// <summary>Computes one stretch.</summary>
    public void Run(TokenShare share)
    {
        var (stride, width, expertStride) = (call.Shape.ModelStride, call.Shape.PaddedExpertSize, call.Shape.ExpertStride);
        var rows = Padding.Up(share.Count, 16);
        arriving.Gather(call.TokensOf(share), _tile.Pointer);
        _brgemm.Multiply(
            rows, width, call.Shape.PaddedModelSize, _tile.Pointer, call.Shape.PaddedModelSize,
            weights.Into(share.Expert), expertStride, _byHidden.Pointer, expertStride, accumulate: false);
        for (var row = 0; row < share.Count; row++)
        {
            Deactivate(share.Start + row, _byHidden.Pointer + (long)row * expertStride);
        }

        _brgemm.Multiply(
            rows, call.Shape.PaddedModelSize, width, byRaw + (long)share.Start * width, width,
            weights.OutOf(share.Expert), stride, _mixed.Pointer, stride, accumulate: false);
        for (var row = 0; row < share.Count; row++)
        {
            byToken.Add(call.TokenAt(share.Start + row), _mixed.Pointer + (long)row * stride);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _brgemm.Dispose();
        _tile.Dispose();
        _byHidden.Dispose();
        _mixed.Dispose();
    }

    // byGate = Σ byHidden · mask · h; byRaw = gate · mask · byHidden where h > 0
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Deactivate(int position, float* byHidden)
    {
        var size = call.Shape.ExpertSize;
        var hidden = call.HiddenAt(position);
        var mask = call.MaskAt(position);
        var target = byRaw + (long)position * call.Shape.PaddedExpertSize;
        var gate = call.GateAt(position);
        var sums = Vector512<float>.Zero;
        var i = 0;
        for (; i <= size - 32; i += 32)
        {
            var x = By(byHidden, mask, hidden, i, ref sums) * gate;
            var y = By(byHidden, mask, hidden, i + 16, ref sums) * gate;
            BFloat16Rounding.Narrow(x, y).Store(target + i);
        }

        var sum = Vector512.Sum(sums);
        for (; i < size; i++)
        {
            var (x, h) = (mask == null ? byHidden[i] : byHidden[i] * mask[i], BFloat16Rounding.Widen(hidden[i]));
            sum += x * h;
            target[i] = h > 0 ? BFloat16Rounding.Round(x * gate) : (ushort)0;
        }

        byGate[call.Batch.SlotOrder[position]] = sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> By(float* byHidden, float* mask, ushort* hidden, int place, ref Vector512<float> sums)
    {
        var x = Vector512.Load(byHidden + place);
        x = mask == null ? x : x * Vector512.Load(mask + place);
        var h = BFloat16Rounding.Widen(Vector256.Load(hidden + place));
        sums = Vector512.FusedMultiplyAdd(x, h, sums);
        return Vector512.ConditionalSelect(Vector512.GreaterThan(h, Vector512<float>.Zero), x, Vector512<float>.Zero);
    }
}
