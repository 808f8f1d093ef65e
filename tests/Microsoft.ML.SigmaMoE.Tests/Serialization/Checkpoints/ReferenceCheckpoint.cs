using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Checkpoints with the weights of a case that the authors' code computed, and what it computed with them.
/// </summary>
internal static class ReferenceCheckpoint
{
    private const string Prefix = "param.";

    public static ReferenceCase Open(string name) =>
        new(Path.Combine(AppContext.BaseDirectory, "Reference", "Cases", name));

    /// <summary>Gets the weights by the names that the authors' checkpoints give them.</summary>
    public static IEnumerable<(string Name, Tensor Tensor)> Weights(ReferenceCase reference) => reference.Names
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
        .Select(name => (name[Prefix.Length..], reference[name]));

    /// <summary>Gets the arguments that the authors' code was given, as their checkpoints keep them.</summary>
    public static Dictionary<string, object?> Arguments(ReferenceCase reference) =>
        reference.Config.GetProperty("authors")
            .EnumerateObject()
            .ToDictionary(argument => argument.Name, argument => (object?)(argument.Value.ValueKind switch
            {
                JsonValueKind.String => argument.Value.GetString(),
                JsonValueKind.Number when argument.Value.TryGetInt64(out var whole) => whole,
                _ => argument.Value.GetDouble(),
            }));

    /// <summary>
    /// Gets the case's rows of tokens, whole, and the negative log-likelihoods that belong to all but the first.
    /// </summary>
    public static (int[][] Rows, float[][] Expected) Rows(ReferenceCase reference)
    {
        using var scope = NewDisposeScope();
        var tokens = reference["in.tokens"];                                         // [segment, time + 1, batch]
        var later = tokens.narrow(1, 1, tokens.shape[1] - 1).flatten(0, 1);          // [segment · time, batch]
        var rows = cat([tokens[0].narrow(0, 0, 1), later]).t().to(int32).contiguous();
        var expected = reference["out.nll"].flatten(0, 1).t().contiguous();          // [batch, segment · time]
        return (
            [.. Enumerable.Range(0, (int)rows.shape[0]).Select(row => rows[row].data<int>().ToArray())],
            [.. Enumerable.Range(0, (int)rows.shape[0]).Select(row => expected[row].data<float>().ToArray())]);
    }

    /// <summary>Asserts that a model scores the case's rows as the authors' code did.</summary>
    public static void CheckScores(ReferenceCase reference, LanguageModel model)
    {
        var (rows, expected) = Rows(reference);
        foreach (var (score, wanted) in model.Score(rows).Zip(expected))
        {
            using var ours = tensor(score.TokenLogLikelihoods.Select(value => -value).ToArray());
            using var theirs = tensor(wanted);
            TensorAssert.Close(theirs, ours, Tolerances.Forward, "out.nll");
        }
    }
}
