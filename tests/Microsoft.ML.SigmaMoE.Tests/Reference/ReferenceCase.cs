using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// A folder with numbers that the authors' own code computed: a configuration, tensors, and a README that says what
/// they are. Cases beside the repository's own run when SIGMAMOE_REFERENCE_DIR names the folder that holds them.
/// </summary>
internal sealed class ReferenceCase : IDisposable
{
    private readonly JsonDocument _config;
    private readonly IReadOnlyDictionary<string, Tensor> _tensors;
    private readonly HashSet<string> _read = [];
    private readonly Dictionary<string, long> _compared = [];
    private (string Name, double Error, double Tolerance) _worst = ("nothing", 0, 1);

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

    /// <summary>Gets the settings of the configuration by any of their names.</summary>
    public CaseSettings Settings => CaseSettings.Of(_config.RootElement);

    public Tensor this[string name]
    {
        get
        {
            _read.Add(name);
            return _tensors.TryGetValue(name, out var tensor)
                ? tensor
                : throw new KeyNotFoundException($"{Folder} has no tensor '{name}'.");
        }
    }

    public IEnumerable<string> Names => _tensors.Keys;

    public bool Has(string name) => _tensors.ContainsKey(name);

    /// <summary>Finds the folders of all cases: the repository's, then those of SIGMAMOE_REFERENCE_DIR.</summary>
    public static IEnumerable<string> AllFolders() =>
        Folders(Environment.GetEnvironmentVariable("SIGMAMOE_REFERENCE_DIR"));

    /// <summary>Finds the folders of the repository's cases and of those in a folder, if there is one.</summary>
    public static IEnumerable<string> Folders(string? elsewhere)
    {
        string[] roots = [Path.Combine(AppContext.BaseDirectory, "Reference", "Cases"), .. elsewhere is { Length: > 0 } ? new[] { elsewhere } : []];
        return roots.SelectMany(Directory.GetDirectories)
            .Where(folder => File.Exists(CaseConfig.PathIn(folder)))
            .Order();
    }

    /// <summary>Gets the comparison that came nearest to its tolerance.</summary>
    public string Worst =>
        $"{Path.GetFileName(Folder)}: {_worst.Name} is off by {_worst.Error:E1} of {_worst.Tolerance:E0}";

    /// <summary>Compares with tolerance relative to max(1, largest reference value).</summary>
    public void Check(string name, Tensor actual, double tolerance) => Compare(this[name], actual, tolerance, name);

    /// <summary>Compares as <see cref="Check"/> does, with a part or another layout of a tensor.</summary>
    public void Compare(Tensor expected, Tensor actual, double tolerance, string name)
    {
        var error = TensorAssert.Close(expected, actual, tolerance, name);
        _compared[name] = _compared.GetValueOrDefault(name) + expected.numel();
        if (error / tolerance > _worst.Error / _worst.Tolerance)
        {
            _worst = (name, error, tolerance);
        }
    }

    /// <summary>
    /// Compares with tolerance relative to the largest reference value, however small; numbers that are infinite must
    /// be so in both.
    /// </summary>
    public void CompareRelatively(Tensor expected, Tensor actual, double tolerance, string name)
    {
        TensorAssert.Same(expected.isinf(), actual.isinf(), $"{name} is infinite");
        var (wanted, got) =
            (expected.nan_to_num(posinf: 0, neginf: 0), actual.detach().nan_to_num(posinf: 0, neginf: 0));
        var scale = Math.Max(wanted.abs().max().item<float>(), float.Epsilon);
        Compare(wanted.Over(scale), got.Over(scale), tolerance, name);
    }

    /// <summary>
    /// Asserts that every input and weight of the case was used, and every number of its other tensors compared.
    /// </summary>
    public void CheckThatAllIsCompared()
    {
        var left = _tensors.Where(
            tensor => !WeightNames.IsIgnored(tensor.Key) && !IsUsed(tensor.Key, tensor.Value.numel()));
        Assert.True(!left.Any(), $"{Folder}: nothing compared {string.Join(", ", left.Select(tensor => tensor.Key))}.");
    }

    public void Dispose()
    {
        _config.Dispose();
        foreach (var tensor in _tensors.Values)
        {
            tensor.Dispose();
        }
    }

    private bool IsUsed(string name, long count) =>
        name.StartsWith("in.", StringComparison.Ordinal) || name.StartsWith("param.", StringComparison.Ordinal)
            ? _read.Contains(name)
            : _compared.GetValueOrDefault(name) >= count;
}
