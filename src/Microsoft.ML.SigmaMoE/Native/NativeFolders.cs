using System.Reflection;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Where the runtime looks for native libraries of this application.</summary>
internal static class NativeFolders
{
    /// <summary>Gets the name of a library's file on this system.</summary>
    public static string FileName(string library) =>
        OperatingSystem.IsWindows() ? $"{library}.dll" : OperatingSystem.IsMacOS() ? $"lib{library}.dylib" : $"lib{library}.so";

    /// <summary>Finds a file in the first native folder that has it.</summary>
    /// <returns>The full path, or null.</returns>
    public static string? Find(string fileName) =>
        All().Select(folder => Path.Combine(folder, fileName)).FirstOrDefault(File.Exists);

    /// <summary>Finds a file in the native folders of the one in which <paramref name="assembly"/> stands.</summary>
    /// <returns>The full path, or null.</returns>
    public static string? FindBeside(Assembly assembly, string fileName) =>
        NativeFoldersOf(Path.GetDirectoryName(assembly.Location))
            .Select(folder => Path.Combine(folder, fileName)).FirstOrDefault(File.Exists);

    private static IEnumerable<string> All()
    {
        var fromHost = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        var beside = new[] { AppContext.BaseDirectory, Path.GetDirectoryName(typeof(torch).Assembly.Location) };
        return fromHost.Split(Path.PathSeparator)
            .Concat(beside.SelectMany(NativeFoldersOf))
            .Where(folder => !string.IsNullOrEmpty(folder));
    }

    private static IEnumerable<string> NativeFoldersOf(string? folder) => string.IsNullOrEmpty(folder)
        ? []
        : [folder, Path.Combine(folder, "runtimes", RuntimeInformation.RuntimeIdentifier, "native"),
            Path.Combine(folder, "runtimes", PortableIdentifier(), "native")];

    private static string PortableIdentifier()
    {
        var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }
}
