using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The forward pass of one thread over its own tokens, a tile of at most 96 tokens of one expert at a time: gather →
/// multiply → activation → multiply → weigh and add. Nothing of size [tokens · K, d_model] ever exists.
/// </summary>
internal sealed unsafe class ExpertForwardPass<TActivation>(RoundedCall call, PackedExperts weights, TokenSums output)
    : IDisposable
    where TActivation : struct, IVectorActivation
{
    private readonly Brgemm _brgemm = new();
    private readonly Scratch<ushort> _tile = new(
        (long)ExpertShape.TileRows * call.Shape.PaddedModelSize, isZeroed: false);
    private readonly Scratch<ushort> _hidden = new((long)ExpertShape.TileRows * call.Shape.PaddedExpertSize);
    private readonly Scratch<float> _raw = new((long)ExpertShape.TileRows * call.Shape.ExpertStride, isZeroed: false);
    private readonly Scratch<float> _mixed = new((long)ExpertShape.TileRows * call.Shape.ModelStride, isZeroed: false);

    /// <summary>Computes one stretch.</summary>
    public void Run(TokenShare share)
    {
        var (stride, width, expertStride) =
            (call.Shape.ModelStride, call.Shape.PaddedExpertSize, call.Shape.ExpertStride);
        var rows = Padding.Up(share.Count, 16);
        call.Gather(share, call.Tokens, _tile.Pointer);
        _brgemm.Multiply(
            rows, width, call.Shape.PaddedModelSize, _tile.Pointer, call.Shape.PaddedModelSize,
            weights.Into(share.Expert), expertStride, _raw.Pointer, expertStride, accumulate: false);
        for (var row = 0; row < share.Count; row++)
        {
            Activate(share.Expert, share.Start + row, _raw.Pointer + row * expertStride, _hidden.Pointer + row * width);
        }

        _brgemm.Multiply(
            rows, call.Shape.PaddedModelSize, width, _hidden.Pointer, width, weights.OutOf(share.Expert), stride,
            _mixed.Pointer, stride, accumulate: false);
        for (var row = 0; row < share.Count; row++)
        {
            output.Add(
                call.TokenAt(share.Start + row), _mixed.Pointer + (long)row * stride, call.GateAt(share.Start + row));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _brgemm.Dispose();
        _tile.Dispose();
        _hidden.Dispose();
        _raw.Dispose();
        _mixed.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Activate(int expert, int position, float* raw, ushort* hidden)
    {
        var size = call.Shape.ExpertSize;
        var kept = call.RawAt(position);
        var bias = call.BiasOf(expert);
        var mask = call.MaskAt(position);
        var i = 0;
        for (; i <= size - 32; i += 32)
        {
            var x = Raw<Lanes512, Vector512<float>>(raw, bias, i);
            var y = Raw<Lanes512, Vector512<float>>(raw, bias, i + 16);
            BFloat16Rounding.Narrow(x, y).Store(kept + i);
            x = Hidden<Lanes512, Vector512<float>>(kept, mask, i);
            y = Hidden<Lanes512, Vector512<float>>(kept, mask, i + 16);
            BFloat16Rounding.Narrow(x, y).Store(hidden + i);
        }

        for (; i < size; i++)
        {
            kept[i] = BFloat16Rounding.Round(Raw<Lanes1, float>(raw, bias, i));
            hidden[i] = BFloat16Rounding.Round(Hidden<Lanes1, float>(kept, mask, i));
        }
    }

    // raw + bias: what is kept for the backward pass
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Raw<T, TV>(float* raw, float* bias, int place)
        where T : struct, ILanes<TV>
        where TV : struct =>
        bias == null ? T.Load(raw + place) : T.Add(T.Load(raw + place), T.Load(bias + place));

    // mask · φ(raw), of what was kept: the backward pass knows nothing finer
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Hidden<T, TV>(ushort* kept, float* mask, int place)
        where T : struct, ILanes<TV>
        where TV : struct
    {
        var x = TActivation.Value<T, TV>(T.Load(kept + place));
        return mask == null ? x : T.Multiply(x, T.Load(mask + place));
    }
}
