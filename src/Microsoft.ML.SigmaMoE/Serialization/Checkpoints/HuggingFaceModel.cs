namespace Microsoft.ML.SigmaMoE;

/// <summary>Translates the configuration of a SigmaMoEForCausalLM into our options, and back.</summary>
internal static class HuggingFaceModel
{
    // gelu_fast and gelu_pytorch_tanh are other spellings of the same formula
    private static readonly (string Name, Activation Activation)[] Activations =
    [
        ("gelu_new", Activation.GeluTanh),
        ("gelu_pytorch_tanh", Activation.GeluTanh),
        ("gelu_fast", Activation.GeluTanh),
        ("gelu", Activation.Gelu),
        ("relu", Activation.Relu),
        ("silu", Activation.Silu),
        ("swish", Activation.Silu),
    ];

    /// <summary>Gets our options.</summary>
    /// <exception cref="NotSupportedException">The model is one that this library cannot compute.</exception>
    public static LanguageModelOptions ToOptions(HuggingFaceConfiguration configuration)
    {
        Check(configuration);
        return new()
        {
            FeedForward = FeedForward(configuration),
            Model = new()
            {
                ModelSize = configuration.DModel,
                LayerCount = configuration.NumHiddenLayers,
                HeadCount = configuration.NumAttentionHeads,
                SegmentLength = (int)Math.Clamp(configuration.MaxPositionEmbeddings, 0, int.MaxValue),
                MemoryLength = 0,
                Dropout = configuration.ResidPdrop,
                TiedEmbeddings = configuration.TieWordEmbeddings,
                NormalizationEpsilon = configuration.LayerNormEps,
                Attention = new RotaryAttentionOptions
                {
                    Theta = configuration.RopeTheta,
                    RotatedShare = configuration.PartialRotaryFactor,
                    NormalizeQueriesAndKeys = configuration.QkLayernorm,
                },
            },
        };
    }

    /// <summary>Gets the configuration of a model, or null where the form cannot express it.</summary>
    public static HuggingFaceConfiguration? FromOptions(LanguageModelOptions options, int vocabularySize)
    {
        var model = options.Model;
        if (model is not { Attention: RotaryAttentionOptions rotary, EffectiveEvaluationMemoryLength: 0 }
            || model.EffectiveHeadSize * model.HeadCount != model.ModelSize
            || model.EffectiveDistinctLayerCount != model.LayerCount)
        {
            return null;
        }

        var configuration = new HuggingFaceConfiguration
        {
            ModelType = HuggingFaceConfiguration.KindName,
            VocabSize = vocabularySize,
            DModel = model.ModelSize,
            NumHiddenLayers = model.LayerCount,
            NumAttentionHeads = model.HeadCount,
            MaxPositionEmbeddings = model.SegmentLength,
            ResidPdrop = model.Dropout,
            EmbdPdrop = model.Dropout,
            LayerNormEps = model.NormalizationEpsilon,
            TieWordEmbeddings = model.TiedEmbeddings,
            RopeTheta = rotary.Theta,
            PartialRotaryFactor = rotary.RotatedShare,
            QkLayernorm = rotary.NormalizeQueriesAndKeys,
        };
        return WithBlocks(configuration, options.FeedForward);
    }

    private static FeedForwardOptions FeedForward(HuggingFaceConfiguration configuration)
    {
        var activation = Activations.First(known => known.Name == configuration.Activation).Activation;
        var dense =
            new DenseOptions { HiddenSize = configuration.DFf, Bias = configuration.MoeBias, Activation = activation };
        var layers = configuration.NumHiddenLayers;
        var sparse = configuration.NumSparseHiddenLayers ?? layers;
        var period = sparse <= 0 ? 0 : (layers - 1) / sparse + 1;
        return period switch
        {
            0 => dense,
            1 => Mixture(configuration, activation),
            _ => new InterleavedOptions { Regular = Mixture(configuration, activation), Between = dense, Period = period },
        };
    }

    private static MixtureOfExpertsOptions Mixture(HuggingFaceConfiguration configuration, Activation activation) =>
        new()
        {
            ExpertCount = configuration.NExperts,
            ExpertSize = configuration.ExpertSize,
            ActiveExperts = configuration.TopKExperts,
            Bias = configuration.MoeBias,
            HiddenDropout = configuration.MoeDropout,
            Activation = activation,
            Router = Chosen(configuration) with
            {
                ExpertDropout = configuration.ExpertDropout,
                BalancingWeight = configuration.RoutingRegularization ?? 0,
                Balancing = new EntropyBalancingOptions(),
            },
        };

    private static RouterOptions Chosen(HuggingFaceConfiguration configuration) => configuration switch
    {
        { SelectionMode: "sigmoid" } => new SigmoidRouterOptions(),
        { ActivationAfterTopk: true } => new SoftmaxAfterTopKRouterOptions(),
        _ => new SoftmaxBeforeTopKRouterOptions(),
    };

    private static HuggingFaceConfiguration? WithBlocks(
        HuggingFaceConfiguration configuration, FeedForwardOptions options) => options switch
        {
            DenseOptions dense => WithDense(configuration, dense) with { NumSparseHiddenLayers = 0 },
            MixtureOfExpertsOptions mixture => WithMixture(configuration, mixture),
            InterleavedOptions { Regular: MixtureOfExpertsOptions mixture, Between: DenseOptions dense } interleaved
                when mixture.Bias == dense.Bias && mixture.Activation == dense.Activation
                && WithMixture(WithDense(configuration, dense), mixture) is { } both =>
                    WithPeriod(both, interleaved.Period),
            _ => null,
        };

    private static HuggingFaceConfiguration WithDense(HuggingFaceConfiguration configuration, DenseOptions dense) =>
        configuration with
        {
            DFf = dense.HiddenSize,
            MoeBias = dense.Bias,
            Activation = NameOf(dense.Activation),
        };

    private static HuggingFaceConfiguration? WithMixture(
        HuggingFaceConfiguration configuration, MixtureOfExpertsOptions mixture) =>
        WithRouter(configuration, mixture.Router) is { } routed && mixture.ExpertCount % mixture.ActiveExperts == 0
            ? routed with
            {
                NExperts = mixture.ExpertCount,
                ExpertSize = mixture.ExpertSize,
                TopKExperts = mixture.ActiveExperts,
                MoeBias = mixture.Bias,
                MoeDropout = mixture.HiddenDropout,
                Activation = NameOf(mixture.Activation),
            }
            : null;

    private static HuggingFaceConfiguration? WithRouter(HuggingFaceConfiguration configuration, RouterOptions router)
    {
        if (router.Balancing != new EntropyBalancingOptions() && router.BalancingWeight > 0)
        {
            return null;
        }

        var weighted =
            configuration with { ExpertDropout = router.ExpertDropout, RoutingRegularization = router.BalancingWeight };
        return router switch
        {
            SigmoidRouterOptions => weighted,
            SoftmaxBeforeTopKRouterOptions => weighted with { SelectionMode = "softmax" },
            SoftmaxAfterTopKRouterOptions => weighted with { SelectionMode = "softmax", ActivationAfterTopk = true },
            _ => null,
        };
    }

    // The form counts sparse layers and rounds: not every period has a count that leads back to it.
    private static HuggingFaceConfiguration? WithPeriod(HuggingFaceConfiguration configuration, int period)
    {
        var sparse = (configuration.NumHiddenLayers - 1) / period + 1;
        return (configuration.NumHiddenLayers - 1) / sparse + 1 == period
            ? configuration with { NumSparseHiddenLayers = sparse }
            : null;
    }

    private static string NameOf(Activation activation) =>
        Activations.First(known => known.Activation == activation).Name;

    private static void Check(HuggingFaceConfiguration configuration)
    {
        Check(
            configuration.RopeScaling is null or { ValueKind: System.Text.Json.JsonValueKind.Null }, "rope_scaling",
            configuration.RopeScaling, "null");
        Check(
            configuration.SelectionMode is "sigmoid" or "softmax", "selection_mode", configuration.SelectionMode,
            "sigmoid and softmax");
        Check(!configuration.Approximate, "approximate", configuration.Approximate, "false");
        Check(
            configuration.VDim is null || configuration.VDim == configuration.DModel, "v_dim", configuration.VDim,
            "null");
        var names = string.Join(", ", Activations.Select(known => known.Name));
        Check(
            Activations.Any(known => known.Name == configuration.Activation), "activation", configuration.Activation,
            names);
    }

    private static void Check(bool isKnown, string name, object? value, string known)
    {
        if (!isKnown)
        {
            throw new NotSupportedException(
                $"The model's configuration has {name} = {value}; this library computes {known} only.");
        }
    }
}
