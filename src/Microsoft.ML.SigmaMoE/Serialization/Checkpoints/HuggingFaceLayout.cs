using System.Globalization;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Shows the experts of a SigmaMoEForCausalLM in one layout, keys [E, D, G], values [E, G, D] and bias [E, G],
/// whichever of its three the file has. The others are one matrix an expert, keys.e.weight [G, D] and values.e.weight
/// [D, G]; and what a forward pass on the processor leaves behind, keys [E · G, D], values [D, E · G] and bias [E · G].
/// </summary>
internal sealed partial class HuggingFaceLayout : ICheckpoint
{
    private readonly ICheckpoint _stored;
    private readonly Dictionary<string, Func<Tensor>> _readers = [];
    private readonly Dictionary<string, CheckpointTensor> _tensors = [];

    /// <summary>Looks at a checkpoint, which stays the caller's.</summary>
    /// <exception cref="InvalidDataException">The matrices of a layer's experts do not belong together.</exception>
    public HuggingFaceLayout(ICheckpoint stored)
    {
        _stored = stored;
        foreach (var tensor in stored.Tensors.Values.Where(tensor => !PerExpert().IsMatch(tensor.Name)))
        {
            AddWhole(tensor);
        }

        foreach (var group in stored.Tensors.Values.Where(tensor => PerExpert().IsMatch(tensor.Name)).GroupBy(NameOfAll))
        {
            AddPerExpert(group.Key, [.. group.OrderBy(NumberOf)]);
        }
    }

    public string Path => _stored.Path;

    public IReadOnlyDictionary<string, CheckpointTensor> Tensors => _tensors;

    public IReadOnlyDictionary<string, string> Metadata => _stored.Metadata;

    public IReadOnlyDictionary<string, object?> Arguments => _stored.Arguments;

    public Tensor Read(string name)
    {
        using var scope = NewDisposeScope();
        return _readers[name]().MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
    }

    private void AddWhole(CheckpointTensor tensor)
    {
        var flat = Flattened().Match(tensor.Name);
        var experts = flat.Success ? Experts(flat.Groups["block"].Value) : 0;
        switch (flat.Groups["kind"].Value, tensor.Shape)
        {
            case ("keys", [var rows, var size]) when experts > 0 && rows % experts == 0:
                Add(tensor, [experts, size, rows / experts], stored => stored.view(experts, -1, size).transpose(1, 2));
                break;
            case ("values", [var size, var columns]) when experts > 0 && columns % experts == 0:
                Add(
                    tensor, [experts, columns / experts, size],
                    stored => stored.view(size, experts, -1).permute(1, 2, 0));
                break;
            case ("bias", [var count]) when experts > 0 && count % experts == 0:
                Add(tensor, [experts, count / experts], stored => stored.view(experts, -1));
                break;
            default:
                Add(tensor, tensor.Shape, stored => stored);
                break;
        }
    }

    private void Add(CheckpointTensor stored, long[] shape, Func<Tensor, Tensor> arrange)
    {
        _tensors.Add(stored.Name, stored with { Shape = shape });
        _readers.Add(stored.Name, () => arrange(_stored.Read(stored.Name)));
    }

    // keys.0.weight, keys.1.weight, … → keys
    private void AddPerExpert(string name, CheckpointTensor[] experts)
    {
        foreach (var (number, expert) in experts.Index())
        {
            if (NumberOf(expert) != number || !expert.Shape.AsSpan().SequenceEqual(experts[0].Shape) || expert.Type != experts[0].Type)
            {
                throw new InvalidDataException(
                    $"'{Path}' has the tensor {expert}, which does not go with {experts[0]}: expert {number} of '{name}' is missing or differs.");
            }
        }

        if (_tensors.ContainsKey(name))
        {
            throw new InvalidDataException(
                $"'{Path}' has both '{name}' and {experts[0]}, which are the same weights in two layouts.");
        }

        var isMatrix = experts[0].Shape.Length == 2;
        var each = isMatrix ? Enumerable.Reverse(experts[0].Shape) : experts[0].Shape;
        _tensors.Add(name, new(name, experts[0].Type, [experts.Length, .. each]));
        _readers.Add(name, () =>
        {
            var stacked = stack(experts.Select(expert => _stored.Read(expert.Name)).ToArray());
            return isMatrix ? stacked.transpose(1, 2) : stacked;
        });
    }

    private long Experts(string block) =>
        _stored.Tensors.TryGetValue($"{block}expert_sel.weight", out var selection) && selection.Shape.Length == 2
            ? selection.Shape[0]
            : 0;

    private static string NameOfAll(CheckpointTensor tensor)
    {
        var match = PerExpert().Match(tensor.Name);
        return match.Groups["block"].Value
            + (match.Groups["part"].Value == "bias" ? "bias" : match.Groups["kind"].Value);
    }

    private static int NumberOf(CheckpointTensor tensor) =>
        int.TryParse(
            PerExpert().Match(tensor.Name).Groups["expert"].Value, NumberStyles.None, CultureInfo.InvariantCulture,
            out var number) ? number : -1;

    [GeneratedRegex(@"^(?<block>.*\.mlp\.ff\.)(?<kind>keys|values)\.(?<expert>\d+)\.(?<part>weight|bias)$", RegexOptions.ExplicitCapture)]
    private static partial Regex PerExpert();

    [GeneratedRegex(@"^(?<block>.*\.mlp\.ff\.)(?<kind>keys|values|bias)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Flattened();
}
