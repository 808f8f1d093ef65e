namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Gets kernels ready for a device: compiled for it where there is a compiler that knows it, else packed PTX.
/// </summary>
internal sealed class KernelImages(IKernelCompiler? compiler, KernelCache cache)
{
    /// <summary>Gets code that the driver of a device with this compute capability can load.</summary>
    public byte[] Get(KernelSource source, int capability)
    {
        if (compiler is null || !compiler.Capabilities.Contains(capability))
        {
            return PackedPtx.Read(source);
        }

        var architecture = $"sm_{capability}";
        return cache.Get(
            KernelCache.KeyOf(source.Hash, architecture, compiler.Version),
            () => compiler.Compile(source, architecture).Image);
    }
}
