namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>Gives the same addresses again for every run: what a caching allocator does. Only timings use it.</summary>
internal sealed class ReusedMemory(DeviceMemory memory) : IDeviceMemory
{
    private readonly List<(nint Address, long Bytes)> _blocks = [];
    private int _next;

    public nint Allocate(long bytes)
    {
        if (_next == _blocks.Count || _blocks[_next].Bytes < bytes)
        {
            _blocks.Insert(_next, (memory.Allocate(bytes), bytes));
        }

        return _blocks[_next++].Address;
    }

    /// <summary>Begins the next run.</summary>
    public void Rewind() => _next = 0;
}
