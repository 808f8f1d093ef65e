using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The gradient by one matrix of one expert, leftᵀ · right over the expert's tokens, in blocks of 128. One thread does
/// a whole matrix, so that the order of its sums never changes.
/// </summary>
internal sealed unsafe class WeightGradientPass<TActivation>(RoundedCall call, ushort* byRaw, RoundedRows arriving)
    : IDisposable
    where TActivation : struct, IVectorActivation
{
    private const int Block = 128;
    private readonly Brgemm _brgemm = new();
    private readonly Scratch<ushort> _rows = new(2L * call.Shape.PaddedExpertSize);
    private readonly Scratch<uint> _pairs = new((long)call.Shape.PaddedExpertSize * Block / 2, isZeroed: false);
    private readonly Scratch<uint> _left = new((long)call.Shape.PaddedExpertSize * Block / 2, isZeroed: false);
    private readonly Scratch<uint> _right = new(Block / 2L * call.Shape.ModelStride, isZeroed: false);
    private readonly Scratch<float> _sums = new(
        (long)call.Shape.PaddedExpertSize * call.Shape.ModelStride, isZeroed: false);
    private readonly Scratch<ushort> _zeros = new(Math.Max(call.Shape.PaddedModelSize, call.Shape.PaddedExpertSize));

    /// <summary>Computes the gradient by the up-projection, byRawᵀ · tokens.</summary>
    public void Up(int expert, float* gradient) => Run(expert, gradient, call.Tokens, isUp: true);

    /// <summary>Computes the gradient by the down-projection, (gate · mask · φ(raw))ᵀ · arriving.</summary>
    public void Down(int expert, float* gradient) => Run(expert, gradient, arriving, isUp: false);

    /// <summary>Computes the gradient by the biases, the sum of byRaw; nothing where there are none.</summary>
    public void Bias(int expert, float* gradient)
    {
        if (gradient != null)
        {
            new Span<float>(gradient, call.Shape.ExpertSize).Clear();
        }

        for (var position = call.Batch.Offsets[expert]; gradient != null && position < call.Batch.Offsets[expert + 1]; position++)
        {
            var row = byRaw + (long)position * call.Shape.PaddedExpertSize;
            for (var neuron = 0; neuron < call.Shape.ExpertSize; neuron++)
            {
                gradient[neuron] += BFloat16Rounding.Widen(row[neuron]);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _brgemm.Dispose();
        _rows.Dispose();
        _pairs.Dispose();
        _left.Dispose();
        _right.Dispose();
        _sums.Dispose();
        _zeros.Dispose();
    }

    private void Run(int expert, float* gradient, RoundedRows right, bool isUp)
    {
        var stride = call.Shape.ModelStride;
        var (first, end) = (call.Batch.Offsets[expert], call.Batch.Offsets[expert + 1]);
        if (first == end)
        {
            new Span<float>(gradient, call.Shape.ExpertSize * call.Shape.ModelSize).Clear();
            return;
        }

        for (var start = first; start < end; start += Block)
        {
            var count = Math.Min(Block, end - start);
            var inner = Padding.Up(count, 32);
            for (var i = 0; i < inner; i += 2)
            {
                PackLeft(start + i, count - i, i / 2, isUp);
                PackRight(start + i, count - i, i / 2, right);
            }

            // [pairs of positions, neurons] → [neurons, pairs of positions]
            PairPacking.Transpose(
                _pairs.Pointer, inner / 2, call.Shape.PaddedExpertSize, call.Shape.PaddedExpertSize, _left.Pointer,
                inner / 2);
            _brgemm.Multiply(
                Padding.Up(call.Shape.ExpertSize, 16), call.Shape.PaddedModelSize, inner, (ushort*)_left.Pointer, inner,
                (ushort*)_right.Pointer, stride, _sums.Pointer, stride, accumulate: start > first);
        }

        PaddedRows.Copy(
            _sums.Pointer, stride, gradient, call.Shape.ModelSize, call.Shape.ExpertSize, call.Shape.ModelSize);
    }

    private void PackLeft(int position, int left, int row, bool isUp)
    {
        var even = left > 0 ? LeftRow(position, 0, isUp) : _zeros.Pointer;
        var odd = left > 1 ? LeftRow(position + 1, 1, isUp) : _zeros.Pointer;
        var width = call.Shape.PaddedExpertSize;
        PairPacking.Interleave(even, odd, _pairs.Pointer + (long)row * width, width);
    }

    private void PackRight(int position, int left, int row, RoundedRows right)
    {
        var even = left > 0 ? right[call.TokenAt(position)] : _zeros.Pointer;
        var odd = left > 1 ? right[call.TokenAt(position + 1)] : _zeros.Pointer;
        PairPacking.Interleave(even, odd, _right.Pointer + (long)row * call.Shape.ModelStride, call.Shape.ModelSize);
    }

    private ushort* LeftRow(int position, int place, bool isUp)
    {
        if (isUp)
        {
            return byRaw + (long)position * call.Shape.PaddedExpertSize;
        }

        var row = _rows.Pointer + place * call.Shape.PaddedExpertSize;
        Weigh(position, row);
        return row;
    }

    // gate · mask · φ(raw)
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Weigh(int position, ushort* target)
    {
        var size = call.Shape.ExpertSize;
        var raw = call.RawAt(position);
        var mask = call.MaskAt(position);
        var gate = call.GateAt(position);
        var i = 0;
        for (; i <= size - 32; i += 32)
        {
            var x = Weighed<Lanes512, Vector512<float>>(raw, mask, gate, i);
            var y = Weighed<Lanes512, Vector512<float>>(raw, mask, gate, i + 16);
            BFloat16Rounding.Narrow(x, y).Store(target + i);
        }

        for (; i < size; i++)
        {
            target[i] = BFloat16Rounding.Round(Weighed<Lanes1, float>(raw, mask, gate, i));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Weighed<T, TV>(ushort* raw, float* mask, float gate, int place)
        where T : struct, ILanes<TV>
        where TV : struct
    {
        var x = TActivation.Value<T, TV>(T.Load(raw + place));
        return T.Multiply(mask == null ? x : T.Multiply(x, T.Load(mask + place)), T.Fill(gate));
    }
}
