using System.IO.Compression;
using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// PTX that was compiled when the library was built and travels in it, so that nothing but the driver is needed: it
/// compiles PTX for the very device, also for devices that came later, and keeps the result.
/// </summary>
internal static class PackedPtx
{
    private const string HashPrefix = "// source: ";

    /// <summary>Gets the resource's name.</summary>
    public static string ResourceOf(KernelSource source) => $"kernels/ptx/{source.Name}.ptx.gz";

    /// <summary>Reads the PTX of a source.</summary>
    /// <returns>PTX, ended by a zero as the driver wants it.</returns>
    /// <exception cref="InvalidOperationException">It was compiled from another text.</exception>
    public static byte[] Read(KernelSource source)
    {
        using var stream = typeof(PackedPtx).Assembly.GetManifestResourceStream(ResourceOf(source))
            ?? throw new InvalidOperationException($"The assembly does not carry {ResourceOf(source)}.");
        var ptx = Unpack(stream);
        return HashOf(ptx) == source.Hash ? [.. Encoding.UTF8.GetBytes(ptx), 0] : throw new InvalidOperationException(
            $"{ResourceOf(source)} was compiled from another text than the {source.Name} that the assembly carries.");
    }

    /// <summary>Gets the hash of the source that a PTX text was packed with, or null.</summary>
    public static string? HashOf(string ptx) =>
        ptx.StartsWith(HashPrefix, StringComparison.Ordinal)
            ? ptx[HashPrefix.Length..ptx.IndexOf('\n', StringComparison.Ordinal)]
            : null;

    /// <summary>Reads packed PTX as text.</summary>
    public static string Unpack(Stream stream)
    {
        using var reader = new StreamReader(new GZipStream(stream, CompressionMode.Decompress));
        return reader.ReadToEnd();
    }

    /// <summary>Packs PTX with the hash of its source.</summary>
    public static byte[] Pack(KernelSource source, string ptx)
    {
        using var packed = new MemoryStream();
        using (var writer = new StreamWriter(new GZipStream(packed, CompressionLevel.SmallestSize)))
        {
            writer.Write($"{HashPrefix}{source.Hash}\n{ptx}");
        }

        return packed.ToArray();
    }
}
