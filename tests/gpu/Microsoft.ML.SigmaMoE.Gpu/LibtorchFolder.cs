using System.Runtime.InteropServices;
using TorchSharp;

namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>
/// Runs TorchSharp on a libtorch that stands in any folder, for instance a Python package's: its libraries are loaded
/// by full path first, so that those which need them find them loaded. Nothing of TorchSharp may have run before.
/// </summary>
internal static class LibtorchFolder
{
    private static readonly string[] InOrder = ["c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch"];

    /// <summary>Loads libtorch and TorchSharp's own native library.</summary>
    /// <exception cref="DllNotFoundException">A library is missing or does not fit.</exception>
    public static void Use(string folder)
    {
        LoadLibtorch(folder);
        var bridge = LoadBridge();
        DllImportResolver resolve = (name, _, _) => name switch
        {
            TorchBridge.Name => bridge,
            _ when name.StartsWith("torch", StringComparison.Ordinal) && File.Exists(PathOf(folder, name)) =>
                NativeLibrary.Load(PathOf(folder, name)),
            _ => 0,
        };
        NativeLibrary.SetDllImportResolver(typeof(torch).Assembly, resolve);
        NativeLibrary.SetDllImportResolver(typeof(TorchBridge).Assembly, resolve);
    }

    /// <summary>Loads what there is of libtorch.</summary>
    public static IReadOnlyList<nint> LoadLibtorch(string folder)
    {
        var cuda = Directory.GetParent(folder)?.Parent is { } packages ? Path.Combine(packages.FullName, "nvidia") : "";
        if (Directory.Exists(cuda))
        {
            // usually found by libtorch itself; several rounds, as they need one another
            var files = Directory.GetFiles(cuda, "lib*.so.*", SearchOption.AllDirectories);
            foreach (var file in files.Concat(files))
            {
                NativeLibrary.TryLoad(file, out _);
            }
        }

        return [.. InOrder.Select(name => PathOf(folder, name)).Where(File.Exists).Select(NativeLibrary.Load)];
    }

    /// <summary>Finds TorchSharp's native library beside this program.</summary>
    public static string BridgeFile =>
        new[] { AppContext.BaseDirectory, Path.Combine(AppContext.BaseDirectory, "runtimes/linux-x64/native") }
            .Select(folder => Path.Combine(folder, TorchBridge.FileName)).FirstOrDefault(File.Exists)
        ?? throw new DllNotFoundException($"{TorchBridge.FileName} does not stand beside {AppContext.BaseDirectory}.");

    private static nint LoadBridge()
    {
        if (NativeLibrary.TryLoad(BridgeFile, out var handle))
        {
            return handle;
        }

        // the system's C++ runtime is older than the library asks for: see TorchBridge
        var relaxed = TorchBridge.ReadRelaxed(BridgeFile)
            ?? throw new DllNotFoundException($"{BridgeFile} cannot be loaded.");
        var path = NativeFileCache.TryStore(
            [Path.Combine(AppContext.BaseDirectory, "relaxed")], TorchBridge.FileName, relaxed)
            ?? throw new DllNotFoundException($"A copy of {BridgeFile} cannot be written.");
        return NativeLibrary.Load(path);
    }

    private static string PathOf(string folder, string library) =>
        Path.Combine(folder, NativeFolders.FileName(library));
}
