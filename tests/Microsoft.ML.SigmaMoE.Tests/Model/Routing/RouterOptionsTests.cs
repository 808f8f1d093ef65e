namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class RouterOptionsTests
{
    /// <summary>Gets (router, γ, balancing): the defaults, which give the rows of the paper's tables.</summary>
    public static TheoryData<RouterOptions, double, BalancingOptions> Defaults => new()
    {
        { new SigmoidRouterOptions(), 0.001, new EntropyBalancingOptions() },
        { new SoftmaxBeforeTopKRouterOptions(), 0.001, new EntropyBalancingOptions() },
        { new SoftmaxAfterTopKRouterOptions(), 0.001, new EntropyBalancingOptions { Scope = EntropyScope.ChosenExperts } },
        { new SinkhornRouterOptions(), 0.001, new EntropyBalancingOptions() },
        { new SwitchRouterOptions(), 0.01, new SwitchBalancingOptions { Scale = SwitchLossScale.AuthorsCode } },
        { new LossFreeRouterOptions(), 0, new EntropyBalancingOptions() },
        { new NoisyTopKRouterOptions(), 0.1, new ImportanceAndLoadBalancingOptions { ImportanceFactor = 1, LoadFactor = 1 } },
    };

    public static TheoryData<FeedForwardOptions, string> Invalid => new()
    {
        { Mixture(new SigmoidRouterOptions { ExpertDropout = 1 }), "ExpertDropout is 1" },
        { Mixture(new SigmoidRouterOptions { BalancingWeight = double.NaN }), "BalancingWeight is NaN" },
        { Mixture(new SigmoidRouterOptions { Balancing = null! }), "Balancing" },
        { Mixture(new SwitchRouterOptions { Balancing = new SwitchBalancingOptions { Scale = (SwitchLossScale)9 } }), "AuthorsCode, SwitchPaper" },
        { Mixture(new SigmoidRouterOptions { Balancing = new EntropyBalancingOptions { Scope = (EntropyScope)9 } }), "AllExperts, ChosenExperts" },
        { Mixture(new NoisyTopKRouterOptions { Balancing = new ImportanceAndLoadBalancingOptions { LoadFactor = -1 } }), "LoadFactor is -1" },
        { Mixture(new LossFreeRouterOptions { BiasUpdateRate = -1 }), "BiasUpdateRate is -1" },
        { Mixture(new SinkhornRouterOptions { Iterations = 0 }), "Iterations" },
        { Mixture(new SinkhornRouterOptions { Signs = (SinkhornSigns)9 }), "AuthorsCode, Textbook" },
        { Mixture(new SigmoidRouterOptions()) with { Initialization = new() { VarianceScale = -1 } }, "VarianceScale is -1" },
        { Mixture(new SigmoidRouterOptions()) with { ActiveExperts = 17 }, "only 16 experts" },
        { new TopKOptions { HiddenSize = 0 }, "HiddenSize" },
        { new TopKOptions { HiddenSize = 8, ActiveChannels = 9 }, "ActiveChannels is 9" },
        { new ProductKeyMemoryOptions { SubKeyCount = 0 }, "SubKeyCount" },
        { new ProductKeyMemoryOptions { SubKeyCount = 40000 }, "SubKeyCount" },
        { new ProductKeyMemoryOptions { HeadCount = 0 }, "HeadCount" },
        { new ProductKeyMemoryOptions { NearestKeys = -1 }, "NearestKeys" },
        { new ProductKeyMemoryOptions { Activation = (MemoryActivation)9 }, "Relu, Softmax" },
        { new ProductKeyMemoryOptions { Initialization = (MemoryInitialization)9 }, "ByModelSize, ByValueCount" },
    };

    public static TheoryData<FeedForwardOptions> Blocks => [.. TinyModel.Blocks];

    [Theory]
    [MemberData(nameof(Defaults))]
    public void Defaults_OfEveryRouter_AreTheDocumentedOnes(
        RouterOptions router, double weight, BalancingOptions balancing)
    {
        router.Validate();
        Assert.Equal((weight, 0, balancing), (router.BalancingWeight, router.ExpertDropout, router.Balancing));
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Validate_OfAnInvalidValue_SaysWhatIsWrong(FeedForwardOptions options, string part)
    {
        var fault = Assert.ThrowsAny<ArgumentException>(options.Validate);
        Assert.Contains(part, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Json_OfEveryBlock_GivesTheSameBlockBack(FeedForwardOptions block)
    {
        var configuration = new ModelConfiguration { VocabularySize = 11, Options = new() { Model = TinyModel.Model, FeedForward = block } };
        using var stream = new MemoryStream();
        configuration.Write(stream);
        stream.Position = 0;
        Assert.Equal(block, ModelConfiguration.Read(stream).Options.FeedForward);
    }

    [Fact]
    public void Json_ThatLeavesSettingsOut_GivesTheRoutersDefaults()
    {
        const string Json = """{"feed_forward": {"kind": "mixture-of-experts", "router": {"kind": "switch", "expert_dropout": 0.5}}}""";
        var wanted = Mixture(new SwitchRouterOptions { ExpertDropout = 0.5 });
        Assert.Equal(wanted, LanguageModelOptions.FromJson(Json).FeedForward);
    }

    [Fact]
    public void Initialization_OfAMixture_IsTheRoutersUnlessItSaysOtherwise()
    {
        Assert.Equal(ExpertInitializationOptions.Switch, Mixture(new SwitchRouterOptions()).EffectiveInitialization);
        Assert.Equal(
            ExpertInitializationOptions.SigmaMoE,
            Mixture(new SoftmaxBeforeTopKRouterOptions()).EffectiveInitialization);
        var chosen = Mixture(new SwitchRouterOptions()) with { Initialization = ExpertInitializationOptions.Standard };
        Assert.Equal(ExpertInitializationOptions.Standard, chosen.EffectiveInitialization);
    }

    private static MixtureOfExpertsOptions Mixture(RouterOptions router) => new() { Router = router };
}
