using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Cuts experts' work by neurons instead of tokens, for so few tokens that reading weights takes longer than multiplying: each
/// weight is read by one thread alone.
/// </summary>
/// <remarks>
/// Each thread adds to sums of its own, which are added up in their order: for a given number of threads results never change.
/// </remarks>
internal static unsafe class NeuronShares
{
    // Tokens of an expert, on average: with more of them weights are read once for so many that multiplying takes longer.
    private const int MostRows = 32;

    // a panel of the widest registers
    private const int Neurons = 32;

    /// <summary>The part of one thread.</summary>
    /// <param name="shares">The stretches of tokens of its experts.</param>
    /// <param name="first">The first of its neurons.</param>
    /// <param name="end">The neuron behind the last.</param>
    /// <param name="sums">[tokens, D]: is added to.</param>
    public delegate void Work(IEnumerable<TokenShare> shares, int first, int end, float* sums);

    /// <summary>Gets how many threads are worth calling; one where tokens are too many, or weights too few.</summary>
    public static int Threads(ExpertCall call)
    {
        var slots = call.Batch.SlotOrder.Length;
        var weights = 2L * Math.Min(slots, call.Batch.ExpertCount) * call.Shape.ExpertSize * call.Shape.ModelSize;
        return slots <= MostRows * call.Batch.ExpertCount ? CpuWork.Readers(weights) : 1;
    }

    /// <summary>Lets threads compute their parts.</summary>
    /// <param name="call">The call.</param>
    /// <param name="threads">How many.</param>
    /// <param name="target">[tokens, D]: is set.</param>
    /// <param name="work">Computes a part.</param>
    public static void Run(ExpertCall call, int threads, float* target, Work work)
    {
        var size = (int)call.TokenCount * call.Shape.ModelSize;
        var shares = TokenShare.Of(call.Batch, 0, call.TokenCount, ExpertShape.TileRows);
        // threads stand in rows, of which each has some experts, and columns, of which each has some neurons
        var blocks = (call.Shape.ExpertSize + Neurons - 1) / Neurons;
        var columns = Math.Min(threads, blocks);
        var rows = threads / columns;
        using var sums = new Scratch<float>((long)(rows * columns) * size);        // [threads, tokens, D]
        CpuWork.Run(threads, rows * columns, thread =>
        {
            var (row, column) = (thread / columns, thread % columns);
            work(
                shares.Where(share => share.Expert % rows == row), Neurons * (blocks * column / columns),
                Math.Min(call.Shape.ExpertSize, Neurons * (blocks * (column + 1) / columns)), sums.Pointer + (long)thread * size);
        });
        var total = new Span<float>(target, size);
        new ReadOnlySpan<float>(sums.Pointer, size).CopyTo(total);
        for (var thread = 1; thread < rows * columns; thread++)
        {
            TensorPrimitives.Add(total, new ReadOnlySpan<float>(sums.Pointer + (long)thread * size, size), total);
        }
    }
}
