namespace Microsoft.ML.SigmaMoE;

/// <summary>A call of NVIDIA's driver or compiler that failed.</summary>
internal sealed class CudaException : Exception
{
    /// <summary>Creates the exception of a failed call.</summary>
    /// <param name="call">The driver's function.</param>
    /// <param name="code">What it returned.</param>
    /// <param name="name">CUDA's name of the code.</param>
    /// <param name="text">CUDA's description of it.</param>
    /// <param name="kernel">The kernel or module that it was about, or null.</param>
    /// <param name="log">What the compiler said, or null.</param>
    public CudaException(string call, int code, string name, string text, string? kernel = null, string? log = null)
        : base(Compose(call, code, name, text, kernel, log)) =>
        (Call, Code, Kernel, Log) = (call, code, kernel, log);

    /// <summary>Gets the driver's function.</summary>
    public string Call { get; }

    /// <summary>Gets what it returned.</summary>
    public int Code { get; }

    /// <summary>Gets the kernel or module that it was about, or null.</summary>
    public string? Kernel { get; }

    /// <summary>Gets what the compiler said, or null.</summary>
    public string? Log { get; }

    private static string Compose(string call, int code, string name, string text, string? kernel, string? log)
    {
        var about = kernel is null ? "" : $" for {kernel}";
        var error = name.Length == 0 ? $"error {code}" : $"{name} ({code}): {text}";
        var said = string.IsNullOrWhiteSpace(log) ? "" : $"{Environment.NewLine}{log.Trim()}";
        return $"{call}{about} failed with {error}.{said}";
    }
}
