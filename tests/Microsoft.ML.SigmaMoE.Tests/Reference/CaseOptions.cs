using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Reads a case's configuration into the library's options, from the configuration alone.</summary>
internal static class CaseOptions
{
    public static ModelOptions Model(JsonElement plain) => new()
    {
        ModelSize = Int(plain, "d_model"),
        LayerCount = Int(plain, "n_layers"),
        HeadCount = Int(plain, "n_heads"),
        HeadSize = Int(plain, "d_head"),
        SegmentLength = Int(plain, "unroll"),
        MemoryLength = Int(plain, "unroll") * Int(plain, "memory_segments_train"),
        EvaluationMemoryLength = Int(plain, "unroll") * Int(plain, "memory_segments_eval"),
        SameLengthEvaluation = plain.GetProperty("same_length_eval").GetBoolean(),
        Dropout = plain.GetProperty("dropout").GetDouble(),
    };

    /// <summary>Reads the feed-forward block, or names the system that is not built yet.</summary>
    public static (FeedForwardOptions? Options, string System) FeedForward(JsonElement plain)
    {
        var system = SystemOf(plain);
        return system switch
        {
            "dense" => (new DenseOptions { HiddenSize = Int(plain, "d_ff") }, system),
            "sigmoid" => (Mixture(plain, new SigmoidRouterOptions
            {
                BalancingWeight = plain.GetProperty("regulariser_weight").GetDouble(),
                ExpertDropout = plain.GetProperty("expert_dropout").GetDouble(),
            }), system),
            _ => (null, system),
        };
    }

    public static bool Has(JsonElement plain, string name) => plain.TryGetProperty(name, out _);

    public static int Int(JsonElement plain, string name) => plain.GetProperty(name).GetInt32();

    private static MixtureOfExpertsOptions Mixture(JsonElement plain, RouterOptions router) => new()
    {
        ExpertCount = Int(plain, "n_experts"),
        ExpertSize = Int(plain, "expert_size"),
        ActiveExperts = Int(plain, "top_k"),
        Router = router,
        Bias = plain.TryGetProperty("bias", out var bias) && bias.GetBoolean(),
        HiddenDropout = plain.TryGetProperty("score_dropout", out var dropout) ? dropout.GetDouble() : 0,
    };

    // layers name no block, but each block has settings of its own
    private static string SystemOf(JsonElement plain) =>
        Has(plain, "n_experts") ? plain.GetProperty("selection").GetString()!
        : Has(plain, "n_sub_keys") ? "product-key memory"
        : Has(plain, "topk") || Has(plain, "k") ? "top-k activation"
        : Has(plain, "d_ff") ? "dense"
        : throw new InvalidDataException($"No known feed-forward block in {plain}.");
}
