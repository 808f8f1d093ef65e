using System.Security.Cryptography;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Keeps changed copies of native libraries on disk, under a name made from their content. Several processes may write
/// the same file at once: each writes its own temporary file and renames it, which is atomic.
/// </summary>
internal static class NativeFileCache
{
    /// <summary>Writes <paramref name="content"/> into the first of <paramref name="folders"/> that takes it.</summary>
    /// <returns>The full path, or null where none of the folders can be written.</returns>
    public static string? TryStore(IEnumerable<string> folders, string fileName, byte[] content)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(content))[..16];
        return folders
            .Select(folder => Path.Combine(folder, hash, fileName))
            .FirstOrDefault(path => Holds(path, content) || TryWrite(path, content));
    }

    /// <summary>
    /// Gets the folders to try, in this order: the user's choice, the user's data. Never the temporary folder: it
    /// belongs to everyone, and a file could change between our look and the loader's.
    /// </summary>
    public static IEnumerable<string> DefaultFolders()
    {
        var chosen = Environment.GetEnvironmentVariable("SIGMAMOE_CACHE_DIR");
        if (!string.IsNullOrEmpty(chosen))
        {
            yield return Path.GetFullPath(chosen);
        }

        // unverified: a new account has no such folder before somebody makes it
        var local = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        if (local.Length > 0)
        {
            yield return Path.Combine(local, "Microsoft.ML.SigmaMoE");
        }
    }

    // The content is compared, not only the name: a folder may be shared, and a file damaged.
    private static bool Holds(string path, byte[] content)
    {
        try
        {
            return File.Exists(path) && new FileInfo(path).Length == content.Length
                && File.ReadAllBytes(path).AsSpan().SequenceEqual(content);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool TryWrite(string path, byte[] content)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, stream => stream.Write(content));
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
