namespace Microsoft.ML.SigmaMoE;

/// <summary>Where a layer's memory on the device comes from: libtorch's allocator, or the driver.</summary>
internal interface IDeviceMemory
{
    /// <summary>Gets memory, aligned to 16 bytes at least, that stays until its owner ends.</summary>
    nint Allocate(long bytes);
}
