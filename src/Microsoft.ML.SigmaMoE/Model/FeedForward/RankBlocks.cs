using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Sums over the pairs of each rank without adding to one number from several threads. Candidates fill the space under
/// a hyperbola, rank i with count / (i + 1) partners. It is cut into blocks of rows, each as wide as its first row; a
/// number goes to a cell of its own, and rows and columns of the blocks are summed.
/// </summary>
internal sealed class RankBlocks : IDisposable
{
    // Ranks, counted from 1, up to this many times its first share a block: few are needed, and about half of their
    // cells are used.
    private const int Growth = 4;

    private readonly List<Block> _blocks = [];
    private readonly Tensor _starts;    // [count], int64: the cell of rank i's first partner
    private readonly int _cellCount;

    public RankBlocks(int count, Device device)
    {
        for (var row = 0; row < count; row += _blocks[^1].Rows)
        {
            var block = new Block(row, Math.Min(count - row, (Growth - 1) * (row + 1)), count / (row + 1), _cellCount);
            _blocks.Add(block);
            _cellCount += block.Rows * block.Columns;
        }

        _starts = from_array(Enumerable.Range(0, count).Select(Start).ToArray()).to(device).DetachFromDisposeScope();
    }

    /// <summary>Adds up what arrives at pairs by their first and by their second rank.</summary>
    /// <param name="arriving">[tokens, heads, count], float32.</param>
    /// <param name="first">[tokens, heads, count], the first ranks of candidates, none of which comes twice.</param>
    /// <param name="second">[tokens, heads, count], their second ranks.</param>
    /// <returns>Both [tokens, heads, count], fresh in the caller's dispose scope.</returns>
    public (Tensor First, Tensor Second) Sum(Tensor arriving, Tensor first, Tensor second)
    {
        using var scope = NewDisposeScope();
        var cells = zeros([.. arriving.shape[..^1], _cellCount], device: arriving.device);
        cells.scatter_(-1, _starts.take(first).Plus(second), arriving);     // [tokens, heads, cells]
        var blocks = _blocks.ConvertAll(block => block.Of(cells));          // [tokens, heads, rows, columns]
        var byFirst = cat([.. blocks.Select(block => block.sum(-1))], -1);  // [tokens, heads, count]
        var bySecond = blocks[0].sum(-2);                                   // [tokens, heads, count]
        foreach (var block in blocks.Skip(1))
        {
            bySecond.narrow(-1, 0, block.size(-1)).AddInPlace(block.sum(-2));
        }

        return (byFirst.MoveToOuterDisposeScope(), bySecond.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose() => _starts.Dispose();

    private long Start(int rank)
    {
        var block = _blocks.Last(one => one.First <= rank);
        return block.Start + (rank - block.First) * block.Columns;
    }

    private sealed record Block(int First, int Rows, int Columns, int Start)
    {
        public Tensor Of(Tensor cells) =>
            cells.narrow(-1, Start, Rows * Columns).view([.. cells.shape[..^1], Rows, Columns]);
    }
}
