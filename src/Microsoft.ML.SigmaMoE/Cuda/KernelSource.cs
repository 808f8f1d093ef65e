using System.Security.Cryptography;
using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>One CUDA C++ file with the headers beside it and the constants that it is compiled with.</summary>
/// <param name="Name">What the compiled kernels are called: the file's name, and which part of it.</param>
/// <param name="Text">The file.</param>
/// <param name="Headers">Name and text of every header, in the order of their names.</param>
/// <param name="Constants">Preprocessor names that are defined.</param>
internal sealed record KernelSource(
    string Name, string Text, IReadOnlyList<(string Name, string Text)> Headers, IReadOnlyList<string> Constants)
{
    private const string Folder = "kernels/";

    /// <summary>Gets a name for exactly this content: SHA-256 in hexadecimal digits.</summary>
    public string Hash { get; } = HashOf(
        [Name, Text, .. Headers.SelectMany(h => new[] { h.Name, h.Text }), .. Constants]);

    /// <summary>Reads a file that this assembly carries.</summary>
    public static KernelSource Read(string name, string file, params string[] constants)
    {
        var headers = typeof(KernelSource).Assembly.GetManifestResourceNames()
            .Where(resource => resource.StartsWith(Folder, StringComparison.Ordinal) && resource.EndsWith(".cuh", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(resource => (resource[Folder.Length..], ReadText(resource)));
        return new(name, ReadText(Folder + file), [.. headers], constants);
    }

    private static string ReadText(string resource)
    {
        using var stream = typeof(KernelSource).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The assembly does not carry {resource}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static string HashOf(IEnumerable<string> parts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', parts))));
}
