namespace Microsoft.ML.SigmaMoE;

/// <summary>A compiler of CUDA C++.</summary>
internal interface IKernelCompiler
{
    /// <summary>Gets its name and version: part of the key under which results are kept.</summary>
    string Version { get; }

    /// <summary>Gets the compute capabilities that it knows, 80 for 8.0.</summary>
    IReadOnlyList<int> Capabilities { get; }

    /// <summary>Compiles one file.</summary>
    /// <param name="source">The file.</param>
    /// <param name="architecture">"sm_80" for a device's own code, "compute_80" for PTX.</param>
    /// <exception cref="CudaException">The source does not compile; the log is the compiler's.</exception>
    CompiledKernels Compile(KernelSource source, string architecture);
}

/// <summary>What a compiler made.</summary>
/// <param name="Image">Code for the driver.</param>
/// <param name="Log">Warnings, and how many registers and bytes each kernel needs.</param>
internal sealed record CompiledKernels(byte[] Image, string Log);
