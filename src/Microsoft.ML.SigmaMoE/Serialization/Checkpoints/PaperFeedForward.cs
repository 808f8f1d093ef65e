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

        if (checkpoint.Tensors.ContainsKey($"{Layer}pkm.keys.0"))
        {
            return Memory(checkpoint, arguments);
        }

        return checkpoint.Tensors.ContainsKey($"{Layer}linear1.weight") ? Dense(checkpoint, arguments) : throw new NotSupportedException(
            $"'{checkpoint.Path}' has none of '{Layer}pkm.expert_sel', '{Layer}pkm.keys.0' and '{Layer}linear1.weight': its feed-forward "
            + "block is not one of the paper's. If this library has it, give its options in ImportOptions.FeedForward.");
    }

    private static FeedForwardOptions Dense(ICheckpoint checkpoint, PaperArguments arguments)
    {
        arguments.RequireOneOf("transformer.activation", "relu");
        var hidden = checkpoint.Sizes($"{Layer}linear1.weight", "d_ff", "d_model")[0];
        if (arguments.Text("transformer.variant") is not { } variant || !variant.Contains("topk", StringComparison.Ordinal))
        {
            return new DenseOptions { HiddenSize = hidden };
        }

        return new TopKOptions
        {
            HiddenSize = hidden,
            ActiveChannels = arguments.Int("transformer.topk_value") ?? throw arguments.Missing("transformer.topk_value"),
            RankByContribution = arguments.Int("transformer.topk_use_norm") is > 0,
        };
    }

    private static ProductKeyMemoryOptions Memory(ICheckpoint checkpoint, PaperArguments arguments)
    {
        var sizes = checkpoint.Sizes($"{Layer}pkm.keys.0", "heads", "sub-keys", "d_model / 2");
        if (!arguments.Any)
        {
            throw new ArgumentException(
                $"'{checkpoint.Path}' holds product-key memories of {sizes[0]} heads and {sizes[1]} sub-keys but keeps no arguments, and "
                + "shapes do not tell how many keys a token takes or which activation they have. Give them in ImportOptions.FeedForward.");
        }

        return new()
        {
            HeadCount = sizes[0],
            SubKeyCount = sizes[1],
            NearestKeys = arguments.Int("pkm.knn") ?? throw arguments.Missing("pkm.knn"),
            QueryProjection = arguments.Int("kvmem.linproj") is > 0,
            Activation = arguments.RequireOneOf("transformer.activation", "relu", "softmax") == "softmax" ? MemoryActivation.Softmax : MemoryActivation.Relu,
        };
    }

    private static MixtureOfExpertsOptions Mixture(ICheckpoint checkpoint, PaperArguments arguments, ImportOptions options)
    {
        arguments.RequireOneOf("transformer.activation", "relu");
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
            Router = arguments.Any ? PaperRouters.Of(arguments) : new SigmoidRouterOptions(),
        };
    }
}
