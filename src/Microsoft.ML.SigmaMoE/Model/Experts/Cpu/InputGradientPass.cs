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
/// <param name="byRaw">[positions + 16, padded G]: the gradient before the activation, sorted: is set.</param>
internal sealed unsafe class InputGradientPass<TActivation>(
    RoundedCall call, PackedExperts weights, RoundedRows arriving, TokenSums byToken, float* byGate, ushort* byRaw)
    : IDisposable
    where TActivation : struct, IVectorActivation
{
    private readonly Brgemm _brgemm = new();
    private readonly Scratch<ushort> _tile = new(
        (long)ExpertShape.TileRows * call.Shape.PaddedModelSize, isZeroed: false);
    private readonly Scratch<float> _byHidden = new(
        (long)ExpertShape.TileRows * call.Shape.ExpertStride, isZeroed: false);
    private readonly Scratch<float> _mixed = new((long)ExpertShape.TileRows * call.Shape.ModelStride, isZeroed: false);

    /// <summary>Computes one stretch.</summary>
    public void Run(TokenShare share)
    {
        var (stride, width, expertStride) =
            (call.Shape.ModelStride, call.Shape.PaddedExpertSize, call.Shape.ExpertStride);
        var rows = Padding.Up(share.Count, 16);
        call.Gather(share, arriving, _tile.Pointer);
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

    // byGate = Σ byHidden · mask · φ(raw); byRaw = gate · mask · byHidden · φ′(raw)
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Deactivate(int position, float* byHidden)
    {
        var size = call.Shape.ExpertSize;
        var raw = call.RawAt(position);
        var mask = call.MaskAt(position);
        var target = byRaw + (long)position * call.Shape.PaddedExpertSize;
        var gate = call.GateAt(position);
        var sums = Vector512<float>.Zero;
        var i = 0;
        for (; i <= size - 32; i += 32)
        {
            var x = By<Lanes512, Vector512<float>>(byHidden, mask, raw, gate, i, ref sums);
            var y = By<Lanes512, Vector512<float>>(byHidden, mask, raw, gate, i + 16, ref sums);
            BFloat16Rounding.Narrow(x, y).Store(target + i);
        }

        var sum = Vector512.Sum(sums);
        for (; i < size; i++)
        {
            target[i] = BFloat16Rounding.Round(By<Lanes1, float>(byHidden, mask, raw, gate, i, ref sum));
        }

        byGate[call.SlotAt(position)] = sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV By<T, TV>(float* byHidden, float* mask, ushort* raw, float gate, int place, ref TV sums)
        where T : struct, ILanes<TV>
        where TV : struct
    {
        var x = T.Load(byHidden + place);
        x = mask == null ? x : T.Multiply(x, T.Load(mask + place));
        var (hidden, gradient) = TActivation.Differentiate<T, TV>(T.Load(raw + place), T.Multiply(x, T.Fill(gate)));
        sums = T.MultiplyAdd(x, hidden, sums);
        return gradient;
    }
}
