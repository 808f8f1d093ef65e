using System.Text.Json.Nodes;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>The settings of blocks and models in the words of the authors' cases.</summary>
internal static class CaseSetting
{
    /// <summary>Describes a block: the part called "plain", without the sizes of the input.</summary>
    public static JsonObject Plain(FeedForwardOptions block) => block switch
    {
        DenseOptions dense => new() { ["block"] = "dense", ["d_ff"] = dense.HiddenSize, ["activation"] = "relu" },
        TopKOptions topK => new()
        {
            ["block"] = "topk",
            ["d_ff"] = topK.HiddenSize,
            ["topk"] = topK.ActiveChannels,
            ["topk_use_norm"] = topK.RankByContribution,
            ["activation"] = "relu",
        },
        ProductKeyMemoryOptions memory => new()
        {
            ["block"] = "pkm",
            ["n_sub_keys"] = memory.SubKeyCount,
            ["heads"] = memory.HeadCount,
            ["knn"] = memory.NearestKeys,
            ["activation"] = memory.Activation == MemoryActivation.Relu ? "relu" : "softmax",
        },
        MixtureOfExpertsOptions mixture => Mixture(mixture),
        _ => throw new NotSupportedException(block.GetType().Name),
    };

    private static JsonObject Mixture(MixtureOfExpertsOptions mixture) => new()
    {
        ["block"] = "moe",
        ["n_experts"] = mixture.ExpertCount,
        ["expert_size"] = mixture.ExpertSize,
        ["top_k"] = mixture.ActiveExperts,
        ["activation"] = "relu",
        ["bias"] = mixture.Bias,
        ["selection"] = mixture.Router switch
        {
            SigmoidRouterOptions => "sigmoid",
            SinkhornRouterOptions => "sinkhorn(train)+sigmoid",
            _ => "softmax",
        },
        ["selection_activation_after_topk"] = mixture.Router is SoftmaxAfterTopKRouterOptions,
        ["sinkhorn_iterations"] = (mixture.Router as SinkhornRouterOptions)?.Iterations,
        ["regulariser"] = mixture.Router.Balancing is SwitchBalancingOptions ? "switch" : "entropy",
        ["regulariser_weight"] = mixture.Router.BalancingWeight,
        ["regulariser_scope"] = "global",
        ["expert_dropout"] = mixture.Router.ExpertDropout,
        ["score_dropout"] = mixture.HiddenDropout,
    };

    /// <summary>Describes a model: its "plain".</summary>
    public static JsonObject Plain(ModelOptions model, FeedForwardOptions block, int vocabulary, int batch)
    {
        var plain = Plain(block);
        plain["vocab_size"] = vocabulary;
        plain["d_model"] = model.ModelSize;
        plain["n_layers"] = model.LayerCount;
        plain["n_heads"] = model.HeadCount;
        plain["d_head"] = model.EffectiveHeadSize;
        plain["unroll"] = model.SegmentLength;
        plain["batch"] = batch;
        plain["memory_segments_train"] = model.MemoryLength / model.SegmentLength;
        plain["memory_segments_eval"] = model.EffectiveEvaluationMemoryLength / model.SegmentLength;
        plain["same_length_eval"] = model.SameLengthEvaluation;
        (plain["dropout"], plain["tied_embedding"], plain["embedding_scale"]) = (0.0, false, 1.0);
        (plain["layer_norm_eps"], plain["norm_before_output"], plain["output_bias"]) = (1e-5, true, true);
        return plain;
    }
}
