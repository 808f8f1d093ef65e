namespace Microsoft.ML.SigmaMoE;

/// <summary>A tile that kernels are compiled for: a line of kernels/expert_instances.cuh.</summary>
/// <param name="Numbers">What it multiplies.</param>
/// <param name="Rows">Positions of one expert (or neurons, for weight gradients) that a block owns.</param>
/// <param name="Columns">Columns of the result that a block owns at a time.</param>
/// <param name="Threads">Threads of a block.</param>
/// <param name="UpBytes">Shared memory of expert_up.</param>
/// <param name="DownBytes">Shared memory of expert_down.</param>
/// <param name="HiddenBytes">Shared memory of expert_hidden_gradient.</param>
/// <param name="WeightBytes">Shared memory of expert_weight_gradient.</param>
/// <param name="Speed">The speed of a full tile, relative: an estimate, not measured yet.</param>
internal sealed record CudaTile(
    TileNumbers Numbers, int Rows, int Columns, int Threads, int UpBytes, int DownBytes, int HiddenBytes,
    int WeightBytes, double Speed)
{
    /// <summary>Gets all tiles, the tallest of each number type first.</summary>
    public static IReadOnlyList<CudaTile> All { get; } =
    [
        new(TileNumbers.BFloat16, 128, 128, 256, 61952, 57344, 64000, 52224, 1),
        new(TileNumbers.BFloat16, 64, 128, 256, 46336, 41728, 47360, 39936, 0.8),
        new(TileNumbers.BFloat16, 16, 128, 128, 34624, 30016, 34880, 30720, 0.35),
        new(TileNumbers.Float16, 128, 128, 256, 61952, 57344, 64000, 52224, 1),
        new(TileNumbers.Float16, 64, 128, 256, 46336, 41728, 47360, 39936, 0.8),
        new(TileNumbers.Float16, 16, 128, 128, 34624, 30016, 34880, 30720, 0.35),
        new(TileNumbers.FlatFloat16, 64, 128, 256, 30976, 27904, 32000, 26624, 1),
        new(TileNumbers.FlatFloat16, 16, 128, 128, 23104, 20032, 23360, 20480, 0.44),
        new(TileNumbers.TensorFloat32, 128, 128, 256, 61952, 57344, 64000, 52224, 1),
        new(TileNumbers.TensorFloat32, 64, 128, 256, 46336, 41728, 47360, 39936, 0.8),
        new(TileNumbers.TensorFloat32, 16, 128, 128, 34624, 30016, 34880, 30720, 0.35),
        new(TileNumbers.Float32, 64, 64, 256, 17664, 17280, 17920, 16640, 1),
        new(TileNumbers.Float32, 16, 64, 256, 10944, 10560, 11008, 10496, 0.4),
    ];

    /// <summary>Gets the end of the kernels' names.</summary>
    public string Suffix => $"{Numbers.Name}_{Rows}";

    /// <summary>
    /// Chooses by how full tiles will be: with m tokens per expert and choice, tiles of r rows hold m + r / 2 rows on
    /// average, of which m count.
    /// </summary>
    /// <param name="sizes">The layer.</param>
    /// <param name="sharedBytes">The most shared memory that a block can have.</param>
    public static CudaTile ForTokens(ExpertSizes sizes, int sharedBytes)
    {
        var mean = (double)sizes.Tokens / sizes.Experts;
        return Fitting(sizes, sharedBytes).MaxBy(tile => tile.Speed * mean / (mean + tile.Rows / 2.0))!;
    }

    /// <summary>Chooses for weight gradients, whose rows are neurons: the tallest that is not mostly empty.</summary>
    /// <param name="sizes">The layer.</param>
    /// <param name="sharedBytes">The most shared memory that a block can have.</param>
    public static CudaTile ForNeurons(ExpertSizes sizes, int sharedBytes) => Fitting(sizes, sharedBytes)
        .MaxBy(tile => tile.Speed * sizes.ExpertSize / ((sizes.ExpertSize + tile.Rows - 1) / tile.Rows * tile.Rows))!;

    /// <summary>
    /// Chooses in how many parts the sum over an expert's tokens is split: two blocks for each multiprocessor, but
    /// parts of at least 256 tokens on average, as each part's result is written and read again.
    /// </summary>
    /// <param name="sizes">The layer.</param>
    /// <param name="blocks">Blocks without a split.</param>
    /// <param name="multiprocessors">Of the device.</param>
    public static int Parts(ExpertSizes sizes, long blocks, int multiprocessors)
    {
        var wanted = (2L * multiprocessors + blocks - 1) / blocks;
        return (int)Math.Clamp(Math.Min(wanted, sizes.Slots / sizes.Experts / 256), 1, 16);
    }

    private static IEnumerable<CudaTile> Fitting(ExpertSizes sizes, int sharedBytes) => All.Where(tile =>
        tile.Numbers == sizes.Numbers
        && Math.Max(Math.Max(tile.UpBytes, tile.DownBytes), Math.Max(tile.HiddenBytes, tile.WeightBytes)) <= sharedBytes);
}
