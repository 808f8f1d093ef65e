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

    /// <summary>Gets the folders to try, in this order: the user's choice, the user's data, the temporary folder.</summary>
    public static IEnumerable<string> DefaultFolders()
    {
        const string name = "Microsoft.ML.SigmaMoE";
        var chosen = Environment.GetEnvironmentVariable("SIGMAMOE_CACHE_DIR");
        if (!string.IsNullOrEmpty(chosen))
        {
            yield return Path.GetFullPath(chosen);
        }

        var local = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        if (local.Length > 0)
        {
            yield return Path.Combine(local, name);
        }

        yield return Path.Combine(Path.GetTempPath(), $"{name}-{Environment.UserName}");
    }

    // The content is compared, not only the name: the temporary folder belongs to everyone.
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
        var temporary = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(temporary, content);
            File.Move(temporary, path, overwrite: true);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
