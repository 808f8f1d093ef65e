using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>One weight under two names; # is the number of a layer.</summary>
/// <param name="Ours">The name in <see cref="TransformerNetwork"/>.</param>
/// <param name="Authors">The name in the authors' checkpoints.</param>
/// <param name="Transposed">Whether the last two dimensions are exchanged: experts are neuron-major with us.</param>
internal sealed record WeightRow(string Ours, string Authors, bool Transposed = false);

/// <summary>Our names and layouts of weights beside those of one kind of file.</summary>
internal sealed partial class WeightTable(IReadOnlyList<WeightRow> rows)
{
    private readonly Dictionary<string, WeightRow> _byOurs = rows.ToDictionary(row => row.Ours);

    /// <summary>Gets every row.</summary>
    public IReadOnlyList<WeightRow> Rows => rows;

    /// <summary>Gets a weight of ours under its name and in its layout for a file. The tensor may be a view.</summary>
    /// <exception cref="KeyNotFoundException">The table has no such weight.</exception>
    public (string Name, Tensor Tensor) ToFile(string name, Tensor weight) =>
        (ToFile(name), InLayout(Find(name), weight));

    /// <summary>Gets the name that a weight of ours has in a file.</summary>
    /// <exception cref="KeyNotFoundException">The table has no such weight.</exception>
    public string ToFile(string name)
    {
        var pattern = Find(name).Authors;
        return LayerNumber().Match(name) is { Success: true } number ? pattern.Replace(".#.", number.Value) : pattern;
    }

    /// <summary>Brings a file's tensor into our layout of the weight called <paramref name="name"/>. May be a view.</summary>
    public Tensor FromFile(string name, Tensor stored) => InLayout(Find(name), stored);

    private WeightRow Find(string name) => _byOurs.TryGetValue(LayerNumber().Replace(name, ".#."), out var row)
        ? row
        : throw new KeyNotFoundException($"The weight '{name}' has no name in checkpoint files; add it to the table.");

    private static Tensor InLayout(WeightRow row, Tensor weight) => row.Transposed ? weight.transpose(-2, -1) : weight;

    [GeneratedRegex(@"\.\d+\.")]
    private static partial Regex LayerNumber();
}
