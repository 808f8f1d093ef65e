namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Where the run-time compiler can be. Packages of PyTorch and TorchSharp rename it: libnvrtc-2bb82d1a.so.12.
/// </summary>
internal static class NvrtcFiles
{
    private static readonly string[] SystemNames = ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2"];

    /// <summary>Lists what to try, in this order: a folder's own files, then the system's names.</summary>
    public static IEnumerable<string> Candidates(string? folder) => Directory.Exists(folder)
        ? Directory.EnumerateFiles(folder, "libnvrtc*.so*")
            .Where(file => !IsBuiltins(file))
            .OrderBy(file => file.Length)
            .Concat(SystemNames)
        : SystemNames;

    /// <summary>Finds the library that the compiler opens while it compiles.</summary>
    public static string? BuiltinsBeside(string path) => Path.GetDirectoryName(path) is { Length: > 0 } folder
        ? Directory.EnumerateFiles(folder, "libnvrtc-builtins.so*").Order(StringComparer.Ordinal).FirstOrDefault()
        : null;

    private static bool IsBuiltins(string file) =>
        Path.GetFileName(file).Contains("builtins", StringComparison.Ordinal);
}
