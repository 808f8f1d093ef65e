using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TorchSharp;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Makes sure that TorchSharp finds its native libraries, and says what is missing where it does not.</summary>
/// <remarks>
/// The native library of TorchSharp 0.107.0 asks for a newer C++ runtime than Debian 12, Ubuntu 22.04 and RHEL 9 have,
/// for a symbol that it never uses. Where the loader refuses it for that reason, a copy without that need is loaded
/// instead. This happens by itself as soon as anything of this library is used. A program that uses TorchSharp
/// <i>before</i> it uses this library must call <see cref="EnsureLoadable"/> first.
/// </remarks>
public static class TorchRuntime
{
    private const string BridgeName = "LibTorchSharp";
    private const string UnusedVersion = "GLIBCXX_3.4.32";
    private static readonly Lock Gate = new();
    private static nint _bridge;

    /// <summary>Checks that libtorch is there, cheaply and as often as one likes. Loads nothing.</summary>
    /// <exception cref="DllNotFoundException">No libtorch package is referenced by the running application.</exception>
    public static void EnsureLoadable()
    {
        if (NativeFolders.Find(NativeFolders.FileName("torch_cpu")) is null && !IsLoaded("torch_cpu"))
        {
            throw new DllNotFoundException(MissingPackageMessage());
        }

        ProcessSettings.KeepFreedMemory();
    }

    [ModuleInitializer]
    internal static void Register()
    {
        ProcessSettings.ShortenSpinning();

        // typeof alone does not run TorchSharp's initialiser; the context may be one that a host made for a plug-in
        if (OperatingSystem.IsLinux() && AssemblyLoadContext.GetLoadContext(typeof(torch).Assembly) is { } context)
        {
            context.ResolvingUnmanagedDll += (_, name) => name == BridgeName ? LoadBridge() : 0;
        }
    }

    internal static string MissingPackageMessage()
    {
        var package = OperatingSystem.IsWindows() ? "libtorch-cpu-win-x64"
            : OperatingSystem.IsMacOS() ? "libtorch-cpu-osx-arm64"
            : "libtorch-cpu-linux-x64";
        return $"libtorch was not found beside this application. Add the package {package} 2.10.0 to it "
            + $"(dotnet add package {package} --version 2.10.0), or TorchSharp-cuda-linux 0.107.0 for an NVIDIA GPU.";
    }

    // Called only after the runtime's own search has failed.
    private static nint LoadBridge()
    {
        lock (Gate)
        {
            return _bridge != 0 ? _bridge : _bridge = LoadRelaxedBridge();
        }
    }

    private static nint LoadRelaxedBridge()
    {
        var fileName = NativeFolders.FileName(BridgeName);
        if (NativeFolders.Find(fileName) is not { } original)
        {
            return 0;
        }

        var content = File.ReadAllBytes(original);
        if (!ElfVersionNeeds.MakeWeak(content, UnusedVersion))
        {
            return 0;
        }

        PreloadTorch();
        return NativeFileCache.TryStore(NativeFileCache.DefaultFolders(), fileName, content) is { } path
            ? NativeLibrary.Load(path)
            : AnonymousFile.Load(fileName, content);
    }

    // The copy stands in another folder, where its $ORIGIN no longer finds libtorch.
    private static void PreloadTorch()
    {
        if (NativeFolders.Find(NativeFolders.FileName("torch")) is { } torchLibrary)
        {
            NativeLibrary.Load(torchLibrary);
        }
    }

    private static bool IsLoaded(string name)
    {
        var file = NativeFolders.FileName(name);
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.Modules.Cast<System.Diagnostics.ProcessModule>().Any(module => module.ModuleName == file);
    }
}
