namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Tokens sorted by expert on the device, as kernels/routing.cu describes it. Nothing of it is read on the host.
/// </summary>
internal sealed class SortedSlots
{
    private const int Int = sizeof(int), TileBytes = 4 * sizeof(int), ScanThreads = 1024;
    private readonly ExpertSizes _sizes;
    private readonly int _chunkBlocks;
    private readonly nint _tiles;
    private readonly nint _tileCounts;

    private SortedSlots(ExpertSizes sizes, int rows, int chunkBlocks, IDeviceMemory memory)
    {
        _sizes = sizes;
        _chunkBlocks = chunkBlocks;
        Chunks = (sizes.CountingBlocks + chunkBlocks - 1) / chunkBlocks;
        Capacity = sizes.TileCapacity(sizes.Tokens, rows);
        Slots = memory.Allocate(sizes.Slots * Int);
        Offsets = memory.Allocate(((long)sizes.Experts * Chunks + 1) * Int);
        _tiles = memory.Allocate((1L + Chunks) * Capacity * TileBytes);
        _tileCounts = memory.Allocate((1L + Chunks) * Int);
    }

    /// <summary>Gets how many chunks of tokens there are.</summary>
    public int Chunks { get; }

    /// <summary>Gets how many tokens a chunk has; the last one may have fewer.</summary>
    public int ChunkTokens => _chunkBlocks * CountedChoices.BlockTokens;

    /// <summary>Gets the address of [N · K] slots in sorted order.</summary>
    public nint Slots { get; }

    /// <summary>Gets the address of [E · C + 1]: where each expert's slots of each chunk begin.</summary>
    public nint Offsets { get; }

    /// <summary>Gets how many tiles a list can have: grids are as long.</summary>
    public int Capacity { get; }

    /// <summary>
    /// Gets the addresses of a list of tiles and of its length: list 0 is all, list 1 + c is that of chunk c.
    /// </summary>
    public (nint Tiles, nint Count) List(int list) =>
        (_tiles + (nint)((long)list * Capacity * TileBytes), _tileCounts + (list * Int));

    /// <summary>Sorts. The device is current.</summary>
    /// <param name="kernels">The device's kernels.</param>
    /// <param name="sizes">The layer.</param>
    /// <param name="rows">The most positions of a tile.</param>
    /// <param name="chunkBlocks">Counting blocks of a chunk.</param>
    /// <param name="counted">The choices.</param>
    /// <param name="memory">Where memory comes from.</param>
    public static SortedSlots Sort(
        DeviceKernels kernels, ExpertSizes sizes, int rows, int chunkBlocks, CountedAddresses counted,
        IDeviceMemory memory)
    {
        var sorted = new SortedSlots(sizes, rows, chunkBlocks, memory);
        sorted.Launch(kernels, rows, counted, memory);
        return sorted;
    }

    private void Launch(DeviceKernels kernels, int rows, CountedAddresses counted, IDeviceMemory memory)
    {
        var (tokens, experts, active) = (_sizes.Tokens, _sizes.Experts, _sizes.Active);
        var before = memory.Allocate((long)_sizes.CountingBlocks * experts * Int);
        var starts = memory.Allocate((1L + Chunks) * (experts + 1L) * Int);
        kernels["routing", "scan_counts"].Launch(
            1, ScanThreads, 32 * Int, counted.Counts, _sizes.CountingBlocks, experts, _chunkBlocks, before, Offsets);
        kernels["routing", "place_slots"].Launch(
            _sizes.CountingBlocks, CountedChoices.Threads, CountedChoices.SharedBytes(active),
            counted.Chosen, before, Offsets, tokens, experts, active, _chunkBlocks, Slots);
        kernels["routing", "list_tiles"].Launch(
            1 + Chunks, ScanThreads, 32 * Int, Offsets, experts, Chunks, rows, Capacity, starts, _tiles, _tileCounts);
    }
}
