using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Loads TorchSharp's native library on systems whose C++ runtime is older than the one it was built with. What they
/// lack is used by no code of the library, or is there under an older version: a copy that asks for no more is loaded
/// instead.
/// </summary>
internal static class TorchBridge
{
    public const string Name = "LibTorchSharp";

    // needed for a symbol that nothing refers to; Debian 12 and Ubuntu 22.04 end before it
    private const string UnusedVersion = "GLIBCXX_3.4.32";
    private const string SymbolOfUnusedVersion = "_ZSt21ios_base_library_initv";

    // needed for one function, which older runtimes have under an older version; RHEL 9 ends before it
    private const string NewerVersion = "GLIBCXX_3.4.30";
    private const string OlderVersion = "GLIBCXX_3.4.11";
    private const string SymbolOfBothVersions = "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE";

    private static readonly Lock Gate = new();
    private static nint _handle;

    /// <summary>Gets the library's file name on this system.</summary>
    public static string FileName => NativeFolders.FileName(Name);

    /// <summary>
    /// Gets whether this system's C++ runtime, which .NET uses too, has all that the library asks for.
    /// </summary>
    public static bool SystemIsNewEnough =>
        NativeLibrary.TryLoad("libstdc++.so.6", out var runtime)
            && NativeLibrary.TryGetExport(runtime, SymbolOfUnusedVersion, out _);

    /// <summary>Loads the copy, once. Called only after the runtime's own search has failed.</summary>
    /// <returns>The handle, or 0 where that was not the reason of the failure.</returns>
    public static nint Load()
    {
        lock (Gate)
        {
            return _handle != 0 ? _handle : _handle = LoadRelaxed();
        }
    }

    /// <summary>Makes the copy of a library.</summary>
    /// <returns>The copy, or null where the library asks for nothing that it can do without.</returns>
    /// <exception cref="InvalidDataException">The file is no library, or a damaged one.</exception>
    public static byte[]? ReadRelaxed(string path)
    {
        var content = File.ReadAllBytes(path);
        var library = new ElfFile(content);
        var isChanged = ElfVersionNeeds.MakeWeak(library, UnusedVersion);
        if (ElfVersionNeeds.Rebind(library, SymbolOfBothVersions, NewerVersion, OlderVersion))
        {
            isChanged |= ElfVersionNeeds.MakeWeak(library, NewerVersion);
        }

        return isChanged ? content : null;
    }

    private static nint LoadRelaxed()
    {
        if (NativeFolders.Find(FileName) is not { } original || ReadRelaxed(original) is not { } content)
        {
            return 0;
        }

        // a folder that can be written may still forbid that its files are run
        PreloadTorch();
        return NativeFileCache.TryStore(NativeFileCache.DefaultFolders(), FileName, content) is { } path
            && NativeLibrary.TryLoad(path, out var handle) ? handle : AnonymousFile.Load(FileName, content);
    }

    // The copy stands in another folder, where its $ORIGIN no longer finds libtorch.
    private static void PreloadTorch()
    {
        if (NativeFolders.Find(NativeFolders.FileName("torch")) is { } torchLibrary)
        {
            NativeLibrary.Load(torchLibrary);
        }
    }
}
