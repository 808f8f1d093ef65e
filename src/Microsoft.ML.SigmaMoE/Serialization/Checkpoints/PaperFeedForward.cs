namespace Microsoft.ML.SigmaMoE;

/// <summary>Finds out which feed-forward block a paper's checkpoint has: sizes by its tensors, the rest by its arguments.</summary>
internal static class PaperFeedForward
{
    private const string Layer = "layers.0.";

    public static FeedForwardOptions Of(ICheckpoint checkpoint, PaperArguments arguments, ImportOptions options)
    {
        if (checkpoint.Tensors.ContainsKey($"{Layer}pkm.expert_sel"))
        {
            return Mixture(checkpoint, arguments, options);
        }

        return checkpoint.Tensors.ContainsKey($"{Layer}linear1.weight") ? Dense(checkpoint, arguments) : throw new NotSupportedException(
            $"'{checkpoint.Path}' has neither '{Layer}pkm.expert_sel' nor '{Layer}linear1.weight': its feed-forward block is "
            + "not one that this library finds out by itself. Give its options in ImportOptions.FeedForward.");
    }

    private static DenseOptions Dense(ICheckpoint checkpoint, PaperArguments arguments)
    {
        if (arguments.Text("transformer.variant") is { } variant && variant.Contains("topk", StringComparison.Ordinal))
        {
            throw Unknown(checkpoint, "transformer.variant", variant);
        }

        return new() { HiddenSize = checkpoint.Sizes($"{Layer}linear1.weight", "d_ff", "d_model")[0] };
    }

    private static MixtureOfExpertsOptions Mixture(ICheckpoint checkpoint, PaperArguments arguments, ImportOptions options)
    {
        var experts = checkpoint.Sizes($"{Layer}pkm.keys", "experts", "d_model", "expert size");
        var active = options.ActiveExperts ?? arguments.Int("pkm.n_heads") ?? throw new ArgumentException(
            $"'{checkpoint.Path}' holds {experts[0]} experts a layer but does not say how many of them a token is sent to, and "
            + "shapes cannot tell. Give it in ImportOptions.ActiveExperts (the paper's models use 4).");
        return new()
        {
            ExpertCount = experts[0],
            ExpertSize = experts[2],
            ActiveExperts = active,
            Bias = checkpoint.Tensors.ContainsKey($"{Layer}pkm.bias"),
            Router = Sigmoid(checkpoint, arguments),
        };
    }

    private static SigmoidRouterOptions Sigmoid(ICheckpoint checkpoint, PaperArguments arguments)
    {
        if (arguments.Text("moe.selection_mode") is { } mode && mode != "sigmoid")
        {
            throw Unknown(checkpoint, "moe.selection_mode", mode);
        }

        return new()
        {
            ExpertDropout = arguments.Double("moe.drop_expert") ?? 0,
            BalancingWeight = arguments.Any ? arguments.Double("moe.perplexity_reg") ?? 0 : new SigmoidRouterOptions().BalancingWeight,
        };
    }

    private static NotSupportedException Unknown(ICheckpoint checkpoint, string name, string value) => new(
        $"'{checkpoint.Path}' was trained with {name} = {value}, which this library does not recognise. Give the block's options "
        + "in ImportOptions.FeedForward.");
}
