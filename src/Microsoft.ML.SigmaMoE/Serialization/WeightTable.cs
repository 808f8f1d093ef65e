using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>One weight under two names; # is the number of a layer, a last * whatever names go on with.</summary>
/// <param name="Ours">The name in <see cref="TransformerNetwork"/>.</param>
/// <param name="Authors">The name in the authors' checkpoints.</param>
/// <param name="Transposed">Whether the last two dimensions are exchanged: experts are neuron-major with us.</param>
internal sealed record WeightRow(string Ours, string Authors, bool Transposed = false)
{
    /// <summary>Gets whether this row stands for all names that begin alike.</summary>
    public bool IsOpen => Ours.EndsWith('*');

    /// <summary>Gets the row of one of the names that this one stands for, or null.</summary>
    public WeightRow? For(string name) => IsOpen && name.StartsWith(Ours[..^1], StringComparison.Ordinal)
        ? this with { Ours = name, Authors = Authors[..^1] + name[(Ours.Length - 1)..] }
        : null;
}

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

    /// <summary>
    /// Brings a file's tensor into our layout of the weight called <paramref name="name"/>. May be a view.
    /// </summary>
    public Tensor FromFile(string name, Tensor stored) => InLayout(Find(name), stored);

    private WeightRow Find(string name)
    {
        var general = LayerNumber().Replace(name, ".#.", 1);
        return _byOurs.TryGetValue(general, out var row)
            ? row
            : rows.Select(open => open.For(general)).FirstOrDefault(found => found is not null)
                ?? throw new KeyNotFoundException(
                    $"The weight '{name}' has no name in checkpoint files; add it to the table.");
    }

    private static Tensor InLayout(WeightRow row, Tensor weight) => row.Transposed ? weight.transpose(-2, -1) : weight;

    [GeneratedRegex(@"\.\d+\.")]
    private static partial Regex LayerNumber();
}
