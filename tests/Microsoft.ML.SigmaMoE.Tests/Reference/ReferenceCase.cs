using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// A folder with numbers that the authors' own code computed: a configuration, tensors, and a README that says what they
/// are. Cases beside the repository's own run when SIGMAMOE_REFERENCE_DIR names the folder that holds them.
/// </summary>
internal sealed class ReferenceCase : IDisposable
{
    private readonly JsonDocument _config;
    private readonly IReadOnlyDictionary<string, Tensor> _tensors;

    public ReferenceCase(string folder)
    {
        Folder = folder;
        _config = CaseConfig.Open(folder);
        _tensors = SafeTensorsFile.Read(Path.Combine(folder, "tensors.safetensors"));
    }

    public string Folder { get; }

    public string Kind => _config.RootElement.GetProperty("kind").GetString()!;

    /// <summary>Gets the configuration as written.</summary>
    public JsonElement Config => _config.RootElement;

    /// <summary>Gets the configuration in this project's terms.</summary>
    public JsonElement Plain => _config.RootElement.GetProperty("plain");

    public Tensor this[string name] => _tensors.TryGetValue(name, out var tensor)
        ? tensor
        : throw new KeyNotFoundException($"{Folder} has no tensor '{name}'.");

    public IEnumerable<string> Names => _tensors.Keys;

    public bool Has(string name) => _tensors.ContainsKey(name);

    /// <summary>Finds the folders of all cases: the repository's, then those of SIGMAMOE_REFERENCE_DIR.</summary>
    public static IEnumerable<string> AllFolders()
    {
        var elsewhere = Environment.GetEnvironmentVariable("SIGMAMOE_REFERENCE_DIR");
        string[] roots = [Path.Combine(AppContext.BaseDirectory, "Reference", "Cases"), .. elsewhere is { Length: > 0 } ? new[] { elsewhere } : []];
        return roots.SelectMany(Directory.GetDirectories).Where(folder => File.Exists(CaseConfig.PathIn(folder))).Order();
    }

    /// <summary>Compares with tolerance relative to max(1, largest reference value).</summary>
    public void Check(string name, Tensor actual, double tolerance) => TensorAssert.Close(this[name], actual, tolerance, name);

    public void Dispose()
    {
        _config.Dispose();
        foreach (var tensor in _tensors.Values)
        {
            tensor.Dispose();
        }
    }
}
