using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TorchSharp;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Makes sure that TorchSharp finds its native libraries, and says what is missing where it does not.
/// </summary>
/// <remarks>
/// The native library of TorchSharp 0.107.0 asks for a newer C++ runtime than Debian 12, Ubuntu 22.04 and RHEL 9 have,
/// for a symbol that it never uses. Where the loader refuses it for that reason, a copy without that need is loaded
/// instead. This happens by itself as soon as anything of this library is used. A program that uses TorchSharp
/// <i>before</i> it uses this library must call <see cref="EnsureLoadable"/> first.
/// </remarks>
public static class TorchRuntime
{
    private const string TorchName = "torch_cpu";
    private static volatile bool _isLoadable;

    /// <summary>Checks that libtorch can be loaded here, cheaply and as often as one likes. Loads nothing.</summary>
    /// <exception cref="DllNotFoundException">
    /// No libtorch package is referenced by the running application, or the system is too old for it.
    /// </exception>
    public static void EnsureLoadable()
    {
        if (!_isLoadable)
        {
            Check();
            ProcessSettings.KeepFreedMemory();
            _isLoadable = true;
        }
    }

    [ModuleInitializer]
    internal static void Register()
    {
        ProcessSettings.ShortenSpinning();

        // typeof alone does not run TorchSharp's initialiser; the context may be one that a host made for a plug-in
        if (OperatingSystem.IsLinux() && AssemblyLoadContext.GetLoadContext(typeof(torch).Assembly) is { } context)
        {
            context.ResolvingUnmanagedDll += (_, name) => Resolve(name);
            PluginFolder.Prepare(context);
        }
    }

    private static void Check()
    {
        var isFound = NativeFolders.Find(NativeFolders.FileName(TorchName)) is not null || IsLoaded(TorchName);
        if ((isFound ? TorchRequirements.SystemFault() : TorchRequirements.MissingPackage()) is { } message)
        {
            throw new DllNotFoundException(message);
        }
    }

    // Called only after the runtime's own search has failed: in contexts of plug-ins it does not know their folders.
    private static nint Resolve(string name) => name switch
    {
        TorchBridge.Name => TorchBridge.Load(),
        TorchName when NativeFolders.Find(NativeFolders.FileName(name)) is { } path => NativeLibrary.Load(path),
        _ => 0,
    };

    private static bool IsLoaded(string name)
    {
        var file = NativeFolders.FileName(name);
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.Modules.Cast<System.Diagnostics.ProcessModule>().Any(module => module.ModuleName == file);
    }
}
