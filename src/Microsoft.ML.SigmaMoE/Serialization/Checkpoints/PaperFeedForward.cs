namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Finds out which feed-forward block a paper's checkpoint has: sizes, biases and this library's own routers by its
/// tensors, the rest by its arguments. What neither tells is assumed only where
/// <see cref="ImportOptions.OnAssumption"/> hears of it.
/// </summary>
internal sealed class PaperFeedForward(ICheckpoint checkpoint, PaperArguments arguments, ImportOptions options)
{
    private const string Layer = "layers.0.";
    private const string Mixtures = $"{Layer}pkm.expert_sel";
    private const string Memories = $"{Layer}pkm.keys.0";
    private const string Layers = $"{Layer}linear1.weight";
    private const string TopK = "transformer.topk_value";

    // the argument of the rows "+ init" in the paper's tables
    private const int ByValueCount = 5;

    /// <summary>Gets the block.</summary>
    /// <exception cref="ArgumentException">The file does not say enough, and the options neither.</exception>
    /// <exception cref="NotSupportedException">The block is one that this library cannot compute.</exception>
    public FeedForwardOptions Find()
    {
        if (Has(Mixtures))
        {
            return Mixture();
        }

        if (Has(Memories))
        {
            return Memory();
        }

        return Has(Layers) ? Dense() : throw new NotSupportedException(
            $"'{checkpoint.Path}' has none of '{Mixtures}', '{Memories}' and '{Layers}': its feed-forward "
            + "block is not one of the paper's. If this library has it, give its options in ImportOptions.FeedForward.");
    }

    private FeedForwardOptions Dense()
    {
        arguments.RequireOneOf("transformer.activation", "relu");
        var hidden = checkpoint.Sizes(Layers, "d_ff", "d_model")[0];
        var variant = arguments.Text("transformer.variant");
        if (variant is null)
        {
            Assume("dense blocks with ReLU, but Top-K activation and other activations have the same tensors");
        }

        return variant?.Contains("topk", StringComparison.Ordinal) != true
            ? new DenseOptions { HiddenSize = hidden, Bias = Has($"{Layer}linear1.bias") }
            : new TopKOptions
            {
                HiddenSize = hidden,
                ActiveChannels = arguments.Int(TopK) ?? throw arguments.Missing(TopK),
                RankByContribution = arguments.Int("transformer.topk_use_norm") is > 0,
            };
    }

    private ProductKeyMemoryOptions Memory()
    {
        var sizes = checkpoint.Sizes(Memories, "heads", "sub-keys", "d_model / 2");
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
            QueryProjection = Has($"{Layer}pkm.query_proj.weight"),
            Initialization = arguments.Int("pkm.custom_init") == ByValueCount
                ? MemoryInitialization.ByValueCount
                : default,
            Activation = arguments.RequireOneOf("transformer.activation", "relu", "softmax") == "softmax"
                ? MemoryActivation.Softmax
                : MemoryActivation.Relu,
        };
    }

    private MixtureOfExpertsOptions Mixture()
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
            Bias = Has($"{Layer}pkm.bias"),
            HiddenDropout = arguments.Text("kvmem.dropout") == "score" ? arguments.Double("dropout") ?? 0 : 0,
            Router = Choose(),
        };
    }

    private RouterOptions Choose()
    {
        if (PaperRouters.Of(arguments) is { } router)
        {
            return router;
        }

        if (PaperRouters.ByTensors(checkpoint) is { } own)
        {
            Assume(
                $"experts with ReLU behind the router that its tensors name ({own.GetType().Name}), but other activations have "
                + "the same tensors");
            return own;
        }

        Assume(
            "σ-MoE: a sigmoid router and ReLU, but softmax before or after top-k, Switch, S-BASE and other activations have "
            + "the same tensors");
        return new SigmoidRouterOptions();
    }

    private bool Has(string name) => checkpoint.Tensors.ContainsKey(name);

    private void Assume(string what)
    {
        var text = $"'{checkpoint.Path}' does not say which feed-forward blocks it has. It is taken for {what}.";
        if (options.OnAssumption is not { } listen)
        {
            throw new ArgumentException(
                $"{text} Say what it is in ImportOptions.FeedForward, or let ImportOptions.OnAssumption accept this.");
        }

        listen(text);
    }
}
