using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The same σ-MoE model as one writes it at first, with TorchSharp's operations alone: experts in a loop, attention
/// with all its logits in memory, the loss from all logits. Reads the weights of a network, so that both can be
/// compared.
/// </summary>
internal sealed class SimpleNetwork(TransformerNetwork network)
{
    private readonly Dictionary<string, Parameter> _weights =
        network.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter);

    private readonly ModelOptions _model = network.Model;
    private readonly MixtureOfExpertsOptions _mixture = (MixtureOfExpertsOptions)network.FeedForward;

    /// <summary>Gets what is trained.</summary>
    public IReadOnlyList<Parameter> Parameters => [.. _weights.Values.Where(parameter => parameter.requires_grad)];

    /// <summary>Computes the mean cross entropy in nats and the regulariser of all routers, a scalar.</summary>
    /// <param name="tokens">[batch, T + 1], int64.</param>
    public Tensor Loss(Tensor tokens)
    {
        var (batch, time) = (tokens.shape[0], tokens.shape[1] - 1);
        var positions = RelativePositions.Create(new(time, 0), _model.ModelSize, CPU);
        var hidden = _weights["embedding"].index_select(0, tokens.narrow(1, 0, time).flatten()).view(batch, time, -1);
        var balancing = zeros([]);
        for (var layer = 0; layer < _model.LayerCount; layer++)
        {
            var name = $"layers.{layer}.";
            hidden = hidden.Plus(Attend(Normalize(hidden, name + "attention_norm"), name + "attention.", positions));
            var tokensInRows = Normalize(hidden, name + "feed_forward_norm").flatten(0, 1); // [batch · T, d_model]
            var (mixed, negativeEntropy) = Mix(tokensInRows, name + "feed_forward.");
            hidden = hidden.Plus(mixed.view(hidden.shape));
            balancing = balancing.Plus(negativeEntropy.Times(_mixture.Router.BalancingWeight));
        }

        var last = Normalize(hidden, "output_norm").flatten(0, 1);                             // [batch · T, d_model]
        var logits = nn.functional.linear(last, _weights["output"], _weights["output_bias"]);  // [batch · T, V]
        var targets = tokens.narrow(1, 1, time).flatten();
        return nn.functional.nll_loss(nn.functional.log_softmax(logits, -1), targets).Plus(balancing);
    }

    private Tensor Normalize(Tensor x, string name) => nn.functional.layer_norm(
        x, [_model.ModelSize], _weights[$"{name}.weight"], _weights[$"{name}.bias"], _model.NormalizationEpsilon);

    // x: [batch, T, d_model]
    private Tensor Attend(Tensor x, string name, RelativePositions positions)
    {
        var (heads, size, scale) = (_model.HeadCount, _model.EffectiveHeadSize, _weights[name + "scale"]);
        Tensor Project(Tensor from, string matrix) => nn.functional.linear(from, _weights[name + matrix]);
        Tensor Biased(Tensor q, string bias) => (q.Plus(_weights[name + bias]) * scale).transpose(1, 2);
        var q = Project(x, "query").view(x.shape[0], -1, heads, size); // [batch, T, heads, head]
        var both = Project(x, "key_value").view(x.shape[0], -1, heads, 2, size).permute(3, 0, 2, 1, 4);
        var places = Project(positions.Sinusoids, "position").view(-1, heads, size).permute(1, 2, 0); // [heads, head, T]
        var content = MatrixProduct.Of(Biased(q, "content_bias"), both[0].transpose(2, 3)); // [batch, heads, T, T]
        var byPosition = MatrixProduct.Of(Biased(q, "position_bias"), places); // [batch, heads, T, T]
        var probabilities = RelativeSoftmax.Compose(content, byPosition, positions);
        return Project(MatrixProduct.Of(probabilities, both[1]).transpose(1, 2).flatten(2), "merge");          // [batch, T, d_model]
    }

    // x: [tokens, d_model]
    private (Tensor Mixed, Tensor NegativeEntropy) Mix(Tensor x, string name)
    {
        var logits = nn.functional.linear(x, _weights[name + "router.selection"]);      // [tokens, experts]
        var (gates, experts) = logits.sigmoid().topk(_mixture.ActiveExperts, dim: -1);  // [tokens, K]
        var (up, down) = (_weights[name + "expert_up"].unbind(0), _weights[name + "expert_down"].unbind(0));
        var numbers = TensorNumbers.Range(0, up.Length, 1, ScalarType.Int64, CPU).unbind(0);
        var y = zeros_like(x);
        for (var expert = 0; expert < up.Length; expert++)
        {
            var chosen = experts.eq(numbers[expert]);                                                // [tokens, K]
            var rows = chosen.nonzero().select(1, 0);
            var hidden = nn.functional.linear(x.index_select(0, rows), up[expert]).relu();  // [rows, expert size]
            var part = nn.functional.linear(hidden, down[expert].t());                      // [rows, d_model]
            y.AddRowsInPlace(rows, part * gates.masked_select(chosen).unsqueeze(-1));
        }

        var used = logits.softmax(-1).mean([0]);                                                     // [experts]
        return (y, (used * used.log()).sum());
    }
}
