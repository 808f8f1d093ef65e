using System.Reflection;
using System.Runtime.Loader;
using TorchSharp;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Helps in hosts that load plug-ins as the .NET documentation shows: their load context loads the native file beside
/// the plug-in itself and lets the failure through, so that nobody is asked for a better one. There, and only where
/// this system refuses the file, the file is replaced by the copy that <see cref="TorchBridge"/> would load.
/// </summary>
internal static class PluginFolder
{
    /// <summary>Replaces the file, where it must be and can be.</summary>
    public static void Prepare(AssemblyLoadContext context)
    {
        if (LoadsNativeFilesItself(context) && !TorchBridge.SystemIsNewEnough
            && NativeFolders.FindBeside(typeof(torch).Assembly, TorchBridge.FileName) is { } path)
        {
            TryReplace(path);
        }
    }

    /// <summary>
    /// Puts the relaxed copy in the file's place: a new file, as the old may be a hard link into a package cache.
    /// </summary>
    /// <returns>
    /// Whether the file now loads here; false where it needs no copy or the folder cannot be written.
    /// </returns>
    public static bool TryReplace(string path)
    {
        try
        {
            if (TorchBridge.ReadRelaxed(path) is not { } content)
            {
                return false;
            }

            AtomicFile.Write(path, stream => stream.Write(content));
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            // the host may still handle the failure; if not, TorchSharp says what it could not load
            return false;
        }
    }

    private static bool LoadsNativeFilesItself(AssemblyLoadContext context) =>
        context != AssemblyLoadContext.Default
        && context.GetType().GetMethod(
            "LoadUnmanagedDll", BindingFlags.Instance | BindingFlags.NonPublic, [typeof(string)])
            ?.DeclaringType != typeof(AssemblyLoadContext);
}
