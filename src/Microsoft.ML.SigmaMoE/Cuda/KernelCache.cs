using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Keeps compiled kernels by key: in memory, and in the first folder that can be written. Several processes may use one
/// folder: files appear whole, and one whose content does not fit its checksum is compiled again.
/// </summary>
internal sealed class KernelCache(IEnumerable<string> folders)
{
    private readonly ConcurrentDictionary<string, Lazy<byte[]>> _images = new();
    private readonly string[] _folders = [.. folders.Select(folder => Path.Combine(folder, "kernels"))];

    /// <summary>Makes a key of everything that the result depends on.</summary>
    public static string KeyOf(params string[] parts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', parts))))[..32];

    /// <summary>
    /// Gets the image of a key; <paramref name="compile"/> runs at most once for each where it succeeds.
    /// </summary>
    public byte[] Get(string key, Func<byte[]> compile)
    {
        var image = _images.GetOrAdd(key, _ => new(() => Read(key) ?? Compile(key, compile)));
        try
        {
            return image.Value;
        }
        catch
        {
            _images.TryRemove(new(key, image));
            throw;
        }
    }

    private byte[]? Read(string key)
    {
        foreach (var path in _folders.Select(folder => Path.Combine(folder, key)).Where(File.Exists))
        {
            try
            {
                var content = File.ReadAllBytes(path);
                if (content.Length > SHA256.HashSizeInBytes
                    && SHA256.HashData(content.AsSpan(SHA256.HashSizeInBytes)).AsSpan().SequenceEqual(content.AsSpan(0, SHA256.HashSizeInBytes)))
                {
                    return content[SHA256.HashSizeInBytes..];
                }
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // as good as absent: it is compiled again
            }
        }

        return null;
    }

    private byte[] Compile(string key, Func<byte[]> compile)
    {
        var image = compile();
        byte[] content = [.. SHA256.HashData(image), .. image];
        _ = _folders.Any(folder => TryWrite(folder, key, content));
        return image;
    }

    private static bool TryWrite(string folder, string key, byte[] content)
    {
        try
        {
            Directory.CreateDirectory(folder);
            AtomicFile.Write(Path.Combine(folder, key), stream => stream.Write(content));
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
