using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Cuts experts' work by neurons instead of tokens, for so few tokens that reading weights takes longer than
/// multiplying: each weight is read by one thread alone.
/// </summary>
/// <remarks>
/// Each thread adds to sums of its own, which are added up in their order: for a given number of threads results never
/// change.
/// </remarks>
internal static unsafe class NeuronShares
{
    // Tokens of an expert, on average: with more of them weights are read once for so many that multiplying takes
    // longer.
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
        var (slots, experts) = (call.Batch.SlotOrder.Length, call.Batch.ExpertCount);
        var weights = 2L * Math.Min(slots, experts) * call.Shape.ExpertSize * call.Shape.ModelSize;
        var threads = CpuWork.Readers(weights);
        // all threads' sums together are to stay far below the weights
        var sums = (long)threads * call.TokenCount * call.Shape.ModelSize;
        return slots <= MostRows * experts && sums <= weights / 4 ? threads : 1;
    }

    /// <summary>Lets threads compute their parts.</summary>
    /// <param name="call">The call.</param>
    /// <param name="threads">How many at most.</param>
    /// <param name="target">[tokens, D]: is set.</param>
    /// <param name="work">Computes a part.</param>
    public static void Run(ExpertCall call, int threads, float* target, Work work)
    {
        var size = (int)call.TokenCount * call.Shape.ModelSize;
        var shares = TokenShare.Of(call.Batch, 0, call.TokenCount, ExpertShape.TileRows);
        var blocks = (call.Shape.ExpertSize + Neurons - 1) / Neurons;
        var (rows, columns) = Grid(threads, call.Batch.ExpertCount, blocks);
        using var sums = new Scratch<float>((long)rows * columns * size, isZeroed: false);       // [threads, tokens, D]
        CpuWork.Run(threads, rows * columns, thread =>
        {
            var (row, column) = (thread / columns, thread % columns);
            var own = sums.Pointer + (long)thread * size;
            new Span<float>(own, size).Clear();
            work(
                shares.Where(share => share.Expert % rows == row), Neurons * (blocks * column / columns),
                Math.Min(call.Shape.ExpertSize, Neurons * (blocks * (column + 1) / columns)), own);
        });
        CpuWork.Each(size, (first, end) => Add(sums.Pointer, size, rows * columns, target, (int)first, (int)end));
    }

    // Threads stand in rows, of which each has some experts, and columns, of which each has some blocks of neurons: as
    // many threads as possible, and of grids of as many the one with the most columns, which are evener than experts.
    private static (int Rows, int Columns) Grid(int threads, int experts, int blocks)
    {
        var best = (Rows: 1, Columns: 1);
        for (var columns = 1; columns <= Math.Min(threads, blocks); columns++)
        {
            var rows = Math.Min(threads / columns, experts);
            best = rows * columns >= best.Rows * best.Columns ? (rows, columns) : best;
        }

        return best;
    }

    private static void Add(float* sums, int size, int count, float* target, int first, int end)
    {
        var total = new Span<float>(target + first, end - first);
        new ReadOnlySpan<float>(sums + first, end - first).CopyTo(total);
        for (var thread = 1; thread < count; thread++)
        {
            TensorPrimitives.Add(
                total, new ReadOnlySpan<float>(sums + (long)thread * size + first, end - first), total);
        }
    }
}
