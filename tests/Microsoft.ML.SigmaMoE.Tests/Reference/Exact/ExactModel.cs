using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// The whole language model by its formulas, float64, with the authors' names; keeps its memory between segments.
/// </summary>
/// <param name="options">Its shape.</param>
/// <param name="block">The block of its layers.</param>
/// <param name="weights">By the authors' names.</param>
/// <param name="drop">What becomes of numbers where there is dropout, place by place; null for nothing.</param>
internal sealed class ExactModel(
    ModelOptions options,
    FeedForwardOptions block,
    IReadOnlyDictionary<string, Tensor> weights,
    Func<Tensor, Tensor>? drop = null)
{
    private static readonly string[] BlockPrefixes = ["pkm.", ""];
    private List<Tensor> _memory = [];

    /// <summary>Gets what each layer remembers, [batch, M, d_model].</summary>
    public IReadOnlyList<Tensor> Memory => _memory;

    /// <summary>
    /// Gets the smallest gap between a chosen and an unchosen score so far, relative to the largest score of its
    /// token.
    /// </summary>
    public double Margin { get; private set; } = double.PositiveInfinity;

    public void Forget() => _memory = [];

    /// <summary>Reads a segment.</summary>
    /// <param name="tokens">[batch, T], int64.</param>
    /// <param name="training">Whether to compute as in training.</param>
    /// <returns>Logits, [batch, T, V], and what each layer's block gave.</returns>
    public (Tensor Logits, IReadOnlyList<ExactOutput> Blocks) Read(Tensor tokens, bool training)
    {
        var embedded = weights["embedding.weight"].index_select(0, tokens.flatten());
        var hidden = Drop(embedded.view(tokens.shape[0], tokens.shape[1], -1));
        var (memory, blocks) = (new List<Tensor>(), new List<ExactOutput>());
        for (var layer = 0; layer < options.LayerCount; layer++)
        {
            var before = _memory.Count > 0 ? cat([_memory[layer], hidden], 1) : hidden; // [batch, M + T, d_model]
            memory.Add(Latest(before.detach(), training));
            hidden = Layer(layer, hidden, before, training, blocks);
        }

        _memory = memory;
        var states = Drop(Normalise(hidden, "out_norm."));
        return (matmul(states, weights["output.weight"].t()) + weights["output.bias"], blocks);
    }

    /// <summary>Computes the negative log-likelihood of each token, [batch, T].</summary>
    public static Tensor Loss(Tensor logits, Tensor next) =>
        -logits.log_softmax(-1).gather(2, next.unsqueeze(-1)).squeeze(-1);

    private Tensor Layer(int layer, Tensor hidden, Tensor before, bool training, List<ExactOutput> blocks)
    {
        var sameLength = !training && options.SameLengthEvaluation;
        var (queries, context) =
            (Normalise(hidden, $"layers.{layer}.norm1."), Normalise(before, $"layers.{layer}.norm1."));
        var (attended, _) = ExactAttention.Compute(Under($"layers.{layer}.self_attn."), queries, context, sameLength);
        hidden += Drop(attended);
        var names = BlockPrefixes.Select(prefix => Under($"layers.{layer}.{prefix}")).First(found => found.Count > 0);
        var normalised = Normalise(hidden, $"layers.{layer}.norm2.");
        var output = ExactBlock.Compute(block, names, normalised, training, drop: drop);
        blocks.Add(output);
        Margin = Math.Min(Margin, ExactMargin.Of(block, output));
        return hidden + Drop(output.Y.view(hidden.shape));
    }

    private Tensor Drop(Tensor x) => drop is null ? x : drop(x);

    private Tensor Latest(Tensor seen, bool training)
    {
        var length = training ? options.MemoryLength : options.EvaluationMemoryLength ?? options.MemoryLength;
        var kept = Math.Min(length, seen.shape[1]);
        return seen.narrow(1, seen.shape[1] - kept, kept);
    }

    private Dictionary<string, Tensor> Under(string prefix) => weights
        .Where(weight => weight.Key.StartsWith(prefix, StringComparison.Ordinal))
        .ToDictionary(weight => weight.Key[prefix.Length..], weight => weight.Value);

    private Tensor Normalise(Tensor x, string name)
    {
        var centred = x - x.mean([-1L], keepdim: true);
        var deviation = (centred.pow(2).mean([-1L], keepdim: true) + 1e-5).sqrt();
        return centred / deviation * weights[$"{name}weight"] + weights[$"{name}bias"];
    }
}
