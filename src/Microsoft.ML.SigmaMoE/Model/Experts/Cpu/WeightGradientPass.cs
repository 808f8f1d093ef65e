namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The gradient by one matrix of one expert, leftᵀ · right over the expert's tokens, in blocks of 128. One thread does a
/// whole matrix, so that the order of its sums never changes.
/// </summary>
internal sealed unsafe class WeightGradientPass(ExpertCall call, ushort* byRaw, RoundedRows arriving) : IDisposable
{
    private const int Block = 128;
    private readonly Scratch<ushort> _rows = new(2L * call.Shape.PaddedExpertSize);
    private readonly Scratch<uint> _left = new((long)call.Shape.ExpertSize * Block / 2);
    private readonly Scratch<uint> _right = new(Block / 2L * call.Shape.ModelSize);
    private readonly Scratch<ushort> _zeros = new(call.Shape.PaddedModelSize);

    /// <summary>Computes the gradient by the up-projection, byRawᵀ · tokens.</summary>
    public void Up(int expert, float* gradient) => Run(expert, gradient, call.Tokens, isUp: true);

    /// <summary>Computes the gradient by the down-projection, (gate · mask · h)ᵀ · arriving.</summary>
    public void Down(int expert, float* gradient) => Run(expert, gradient, arriving, isUp: false);

    /// <summary>Computes the gradient by the biases, the sum of byRaw; nothing where there are none.</summary>
    public void Bias(int expert, float* gradient)
    {
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
        _rows.Dispose();
        _left.Dispose();
        _right.Dispose();
        _zeros.Dispose();
    }

    private void Run(int expert, float* gradient, RoundedRows right, bool isUp)
    {
        var (size, modelSize) = (call.Shape.ExpertSize, call.Shape.ModelSize);
        var (first, end) = (call.Batch.Offsets[expert], call.Batch.Offsets[expert + 1]);
        for (var start = first; start < end; start += Block)
        {
            var count = Math.Min(Block, end - start);
            var inner = ExpertShape.Pad(count, 32);
            for (var i = 0; i < inner; i += 2)
            {
                PackLeft(start + i, Math.Min(2, count - i), i / 2, inner / 2, isUp);
                PackRight(start + i, Math.Min(2, count - i), i / 2, right);
            }

            Brgemm.Multiply(
                size, modelSize, inner, (ushort*)_left.Pointer, inner, (ushort*)_right.Pointer, gradient, modelSize,
                accumulate: start > first);
        }
    }

    // [neurons, positions]: the rows of two positions become one column of pairs
    private void PackLeft(int position, int count, int column, int columns, bool isUp)
    {
        var even = LeftRow(position, count > 0, 0, isUp);
        var odd = LeftRow(position + 1, count > 1, 1, isUp);
        var target = _left.Pointer + column;
        for (var neuron = 0; neuron < call.Shape.ExpertSize; neuron++)
        {
            target[(long)neuron * columns] = even[neuron] | ((uint)odd[neuron] << 16);
        }
    }

    private void PackRight(int position, int count, int row, RoundedRows right)
    {
        var even = count > 0 ? right[call.TokenAt(position)] : _zeros.Pointer;
        var odd = count > 1 ? right[call.TokenAt(position + 1)] : _zeros.Pointer;
        PairPacking.Interleave(even, odd, _right.Pointer + (long)row * call.Shape.ModelSize, call.Shape.ModelSize);
    }

    private ushort* LeftRow(int position, bool exists, int place, bool isUp)
    {
        if (!exists)
        {
            return ZeroRow(place);
        }

        return isUp ? byRaw + (long)position * call.Shape.PaddedExpertSize : WeighedRow(position, place);
    }

    private ushort* ZeroRow(int place)
    {
        var row = _rows.Pointer + place * call.Shape.PaddedExpertSize;
        new Span<ushort>(row, call.Shape.ExpertSize).Clear();
        return row;
    }

    private ushort* WeighedRow(int position, int place)
    {
        var hidden = call.HiddenAt(position);
        var gate = call.GateAt(position);
        var mask = call.MaskAt(position);
        var row = _rows.Pointer + place * call.Shape.PaddedExpertSize;
        var weighed = stackalloc float[64];
        for (var start = 0; start < call.Shape.ExpertSize; start += 64)
        {
            var count = Math.Min(64, call.Shape.ExpertSize - start);
            for (var i = 0; i < count; i++)
            {
                weighed[i] = gate * BFloat16Rounding.Widen(hidden[start + i]) * (mask.IsEmpty ? 1 : mask[start + i]);
            }

            BFloat16Rounding.Round(new(weighed, count), new(row + start, count));
        }

        return row;
    }
}
