using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>A mixture and its balancing losses by their formulas: see <see cref="ExactBlock"/>.</summary>
internal static class ExactMixture
{
    public static ExactOutput Compute(
        MixtureOfExpertsOptions options, IReadOnlyDictionary<string, Tensor> weights, Tensor x, bool training,
        CaseTensors? drawn)
    {
        var tokens = x.flatten(0, 1);                                                           // [tokens, d_model]
        var logits = matmul(tokens, weights["expert_sel"].t());                                 // [tokens, experts]
        var scores = Dropped(options, Scores(options, logits, x.shape[1], training), training ? drawn : null);
        var (_, index) = scores.topk(options.ActiveExperts, dim: -1, sorted: false);            // [tokens, K]
        var weight = options.Router switch
        {
            SoftmaxAfterTopKRouterOptions => logits.gather(-1, index).softmax(-1),
            SinkhornRouterOptions => logits.gather(-1, index).sigmoid(),
            _ => scores.gather(-1, index),
        };
        return new(Mix(options, weights, tokens, index, weight, training ? drawn : null), logits)
        {
            Scores = scores,
            Index = index,
            Weight = weight,
        };
    }

    /// <summary>Computes the balancing loss over all calls of a block, without its weight.</summary>
    public static Tensor Balancing(MixtureOfExpertsOptions options, IReadOnlyList<ExactOutput> calls)
    {
        var (logits, index) =
            (cat([.. calls.Select(call => call.Logits!)]), cat([.. calls.Select(call => call.Index!)]));
        if (options.Router.Balancing is SwitchBalancingOptions)
        {
            var used = nn.functional.one_hot(index.flatten(), options.ExpertCount).to(float64).mean([0L]); // [experts]
            return (logits.softmax(-1).mean([0L]) * used).mean();
        }

        var isOfChosen = options.Router.Balancing is EntropyBalancingOptions { Scope: EntropyScope.ChosenExperts };
        var seen = isOfChosen ? logits.gather(-1, index) : logits;
        return NegativeEntropy(seen);
    }

    /// <summary>Computes Σ q ln q, q the mean over tokens of softmax(logits).</summary>
    public static Tensor NegativeEntropy(Tensor logits)
    {
        var mean = logits.softmax(-1).mean([0L]);
        return (mean * mean.log()).sum();
    }

    private static Tensor Scores(MixtureOfExpertsOptions options, Tensor logits, long time, bool training) =>
        options.Router switch
        {
            SigmoidRouterOptions => logits.sigmoid(),
            SoftmaxBeforeTopKRouterOptions or SwitchRouterOptions => logits.softmax(-1),
            SoftmaxAfterTopKRouterOptions => logits,
            SinkhornRouterOptions sinkhorn when training =>
                Balanced(sinkhorn, logits.detach().view(-1, time, logits.shape[1])).flatten(0, 1),
            SinkhornRouterOptions => logits.softmax(-1),
            _ => throw new NotSupportedException(options.Router.GetType().Name),
        };

    // x: [batch, time, experts]; with the minus signs of the authors' code
    private static Tensor Balanced(SinkhornRouterOptions options, Tensor x)
    {
        var byExpert = zeros(x.shape[0], 1, x.shape[2], dtype: float64);
        var byToken = zeros(x.shape[0], x.shape[1], 1, dtype: float64);
        for (var iteration = 0; iteration < options.Iterations; iteration++)
        {
            byToken = ((x - byExpert).exp().sum(2, keepdim: true) / x.shape[1]).log().neg();
            byExpert = ((x - byToken).exp().sum(1, keepdim: true) / x.shape[2]).log().neg();
        }

        return (x + byExpert + byToken).exp();
    }

    private static Tensor Dropped(MixtureOfExpertsOptions options, Tensor scores, CaseTensors? drawn)
    {
        if (drawn?.Find("in.drop_rand") is not { } random)
        {
            return scores;
        }

        var none = options.Router is SoftmaxAfterTopKRouterOptions or SinkhornRouterOptions
            ? double.NegativeInfinity
            : 0;
        var isDropped = random.flatten(0, 1).to(float32).IsBelow(options.Router.ExpertDropout);
        return scores.Fill(isDropped, none);
    }

    private static Tensor Mix(
        MixtureOfExpertsOptions options,
        IReadOnlyDictionary<string, Tensor> weights,
        Tensor tokens,
        Tensor index,
        Tensor weight,
        CaseTensors? drawn)
    {
        var raw = einsum("td,edg->teg", tokens, weights["keys"]);                               // [tokens, experts, G]
        var active = ExactActivation.Apply(options.Activation, options.Bias ? raw + weights["bias"] : raw);
        var places = index.unsqueeze(-1).expand(-1, -1, options.ExpertSize);                    // [tokens, K, G]
        var hidden = active.gather(1, places) * weight.unsqueeze(-1);
        if (drawn?.Find("in.score_keep") is { } keep)                                           // [K, batch, time, G]
        {
            hidden = hidden * keep.flatten(1, 2).transpose(0, 1).to(float64) / (1 - options.HiddenDropout);
        }

        var values = weights["values"].index_select(0, index.flatten()).view(
            index.shape[0], index.shape[1], options.ExpertSize, -1);
        var y = einsum("tkg,tkgd->td", hidden, values);                                         // [tokens, d_model]
        return options.Bias ? y + weights["o_bias"] : y;
    }
}
