using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Copies a case's weights into modules, and compares weights or gradients with a case's.</summary>
internal static class CaseWeights
{
    /// <summary>Loads every weight of a module from the case's "param." tensors.</summary>
    /// <param name="reference">The case.</param>
    /// <param name="module">A network, or a block of one.</param>
    /// <param name="ours">
    /// What stands before the module's names in a whole network: "", or "layers.0.feed_forward.".
    /// </param>
    /// <param name="authors">What the authors' names begin with there: "", or "layers.0.pkm.".</param>
    public static void Load(ReferenceCase reference, nn.Module module, string ours = "", string authors = "")
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        foreach (var (name, weight) in module.named_parameters())
        {
            var stored = reference[$"param.{WeightNames.ToAuthors(ours + name)[authors.Length..]}"];
            weight.copy_(WeightNames.FromAuthors(ours + name, stored));
        }
    }

    /// <summary>Compares weights or gradients, given in our layout, with the case's tensors of that prefix.</summary>
    public static void Check(
        ReferenceCase reference,
        string prefix,
        IEnumerable<(string Name, Tensor? Tensor)> actual,
        Func<string, double> tolerance,
        string ours = "",
        string authors = "")
    {
        var left = reference.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).ToHashSet();
        foreach (var (name, tensor) in actual)
        {
            var stored = prefix + WeightNames.ToAuthors(ours + name)[authors.Length..];
            if (left.Remove(stored))
            {
                Assert.True(tensor is not null, $"{stored}: no gradient.");
                reference.Compare(
                    WeightNames.FromAuthors(ours + name, reference[stored]), tensor, tolerance(stored), stored);
            }
        }

        Assert.True(
            left.All(name => name.EndsWith(".s_bias", StringComparison.Ordinal)),
            $"Not compared: {string.Join(", ", left)}.");
    }

    /// <summary>Compares a module's gradients.</summary>
    public static void CheckGradients(
        ReferenceCase reference, string prefix, nn.Module module, double tolerance, string ours = "",
        string authors = "") =>
        Check(
            reference, prefix, module.named_parameters().Select(p => (p.name, p.parameter.grad)), _ => tolerance, ours,
            authors);
}
