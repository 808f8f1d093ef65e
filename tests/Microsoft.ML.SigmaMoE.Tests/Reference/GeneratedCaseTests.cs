using System.Text.Json.Nodes;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Cases that the repository does not hold: other sizes, layers and heads, every block, training of every block,
/// written in the authors' format by float64 formulas and run as a folder that SIGMAMOE_REFERENCE_DIR names.
/// SIGMAMOE_WRITE_CASES=FOLDER keeps them.
/// </summary>
public sealed class GeneratedCaseTests
{
    private const double Weight = 0.02;

    // heads of 3 · 5 numbers in a model of 18, and of 2 · 7 in one of 10
    private static readonly ModelOptions Wide =
        new() { ModelSize = 18, LayerCount = 3, HeadCount = 3, HeadSize = 5, SegmentLength = 7, MemoryLength = 7 };

    private static readonly ModelOptions Small =
        new() { ModelSize = 10, LayerCount = 4, HeadCount = 2, HeadSize = 7, SegmentLength = 5, MemoryLength = 5 };

    private static readonly Dictionary<string, Func<int, (JsonObject, CaseTensors, double)>> Cases = new()
    {
        ["attention_odd_heads"] = seed =>
            AttentionCaseMaker.Make(new() { ModelSize = 16, HeadCount = 3, HeadSize = 5 }, 3, 6, seed),
        ["attention_one_head"] = seed =>
            AttentionCaseMaker.Make(new() { ModelSize = 6, HeadCount = 1, HeadSize = 11 }, 1, 9, seed),
        ["layer_sigmoid"] = Layer(Mixture(5, 3, 2), 3, 5, 10),
        ["layer_sigmoid_all_experts"] = Layer(Mixture(3, 7, 3), 1, 4, 14),
        ["layer_sigmoid_one_neuron"] = Layer(Mixture(9, 1, 4), 2, 11, 6),
        ["layer_sigmoid_one_token"] = Layer(Mixture(4, 130, 1), 1, 1, 24),
        ["layer_sigmoid_bias"] = Layer(Mixture(5, 6, 2) with { Bias = true }, 2, 7, 12),
        ["layer_sigmoid_expert_dropout"] = Layer(
            Mixture(6, 4, 2, new SigmoidRouterOptions { ExpertDropout = 0.15 }), 2, 9, 10),
        ["layer_sigmoid_score_dropout"] = Layer(Mixture(5, 8, 2) with { HiddenDropout = 0.25 }, 2, 6, 10),
        ["layer_sigmoid_narrow_output"] = seed =>
            LayerCaseMaker.Make(Mixture(5, 6, 2) with { Bias = true }, 2, 7, 12, seed, outputSize: 5),
        ["layer_before"] = Layer(Mixture(7, 9, 3, new SoftmaxBeforeTopKRouterOptions()), 2, 8, 14),
        ["layer_before_dropout"] = Layer(
            Mixture(7, 5, 2, new SoftmaxBeforeTopKRouterOptions { ExpertDropout = 0.3 }), 3, 4, 8),
        ["layer_after"] = Layer(Mixture(6, 2, 4, new SoftmaxAfterTopKRouterOptions()), 2, 10, 12),
        ["layer_after_dropout"] = Layer(
            Mixture(6, 2, 2, new SoftmaxAfterTopKRouterOptions { ExpertDropout = 0.2 }), 2, 10, 12),
        ["layer_after_stand_alone"] = StandAlone(
            Mixture(6, 3, 3, new SoftmaxAfterTopKRouterOptions { Balancing = new EntropyBalancingOptions() }) with { Bias = true }),
        ["layer_switch"] = Layer(Mixture(3, 5, 1, new SwitchRouterOptions()), 4, 5, 10),
        ["layer_switch_more"] = Layer(Mixture(6, 5, 3, new SwitchRouterOptions()), 2, 5, 10),
        ["layer_sbase"] = Layer(Mixture(5, 4, 2, new SinkhornRouterOptions()), 2, 9, 10),
        ["layer_sbase_dropout"] = Layer(Mixture(6, 4, 2, new SinkhornRouterOptions { ExpertDropout = 0.2 }), 3, 8, 10),
        ["layer_sbase_iterations"] = Layer(Mixture(4, 4, 1, new SinkhornRouterOptions { Iterations = 2 }), 1, 12, 16),
        ["layer_topk"] = Layer(TopK(21, 5), 2, 7, 12),
        ["layer_topk_norm"] = Layer(TopK(21, 5) with { RankByContribution = true }, 2, 7, 12),
        ["layer_pkm_relu"] = Layer(Memory(7, 2, 3, MemoryActivation.Relu), 2, 5, 10),
        ["layer_pkm_softmax"] = Layer(Memory(5, 3, 2, MemoryActivation.Softmax), 1, 8, 14),
        ["layer_pkm_dense_softmax"] = Layer(Memory(5, 2, 9, MemoryActivation.Softmax), 3, 4, 8),
        ["model_dense"] = Model(Wide, new DenseOptions { HiddenSize = 31 }),
        ["model_sigmoid"] = Model(Small, Mixture(7, 5, 3)),
        ["model_before"] = Model(Wide, Mixture(5, 9, 2, new SoftmaxBeforeTopKRouterOptions())),
        ["model_after"] = Model(Small, Mixture(5, 9, 3, new SoftmaxAfterTopKRouterOptions())),
        ["model_switch"] = Model(Wide, Mixture(3, 12, 1, new SwitchRouterOptions())),
        ["model_sbase"] = Model(Small, Mixture(6, 4, 2, new SinkhornRouterOptions())),
        ["model_topk"] = Model(Small, TopK(23, 6)),
        ["model_pkm"] = Model(Wide, Memory(6, 3, 4, MemoryActivation.Softmax)),
        ["model_without_memory"] = Model(Wide with { MemoryLength = 0 }, Mixture(5, 4, 2)),
        ["train_dense"] = Train(Wide, new DenseOptions { HiddenSize = 20 }),
        ["train_sigmoid"] = Train(Small, Mixture(5, 6, 2)),
        ["train_before"] = Train(Small, Mixture(5, 6, 2, new SoftmaxBeforeTopKRouterOptions())),
        ["train_after"] = Train(Wide, Mixture(4, 6, 2, new SoftmaxAfterTopKRouterOptions())),
        ["train_switch"] = Train(Small, Mixture(4, 8, 1, new SwitchRouterOptions())),
        ["train_sbase"] = Train(Small, Mixture(5, 6, 2, new SinkhornRouterOptions())),
        ["train_topk"] = Train(Small, TopK(24, 7)),
        ["train_pkm"] = Train(Wide, Memory(5, 2, 3, MemoryActivation.Relu)),
        ["train_long_memory"] = Train(Small with { MemoryLength = 10, EvaluationMemoryLength = 15 }, Mixture(5, 6, 2)),
        ["train_without_memory"] = Train(Small with { MemoryLength = 0 }, TopK(24, 7)),
        ["train_pkm_softmax"] = Train(Small, Memory(4, 2, 9, MemoryActivation.Softmax)),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Case_OfOtherSizes_RunsByItsConfigurationAlone(string name)
    {
        using var folder = new TemporaryFolder();
        var root = Environment.GetEnvironmentVariable("SIGMAMOE_WRITE_CASES") is { Length: > 0 } kept
            ? kept
            : folder.Path;
        CaseFolder.WriteClear(Path.Combine(root, name), Cases[name]);
        var found = ReferenceCase.Folders(root).Single(path => path == Path.Combine(root, name));
        Run(found);
    }

    [Fact]
    public void AllFolders_WithAFolderNamed_HoldItsCasesBesideTheRepositorys()
    {
        using var folder = new TemporaryFolder();
        CaseFolder.WriteClear(folder.File("layer_topk"), Cases["layer_topk"]);
        Directory.CreateDirectory(folder.File("notes"));
        var folders = ReferenceCase.Folders(folder.Path).Select(Path.GetFileName).ToList();
        Assert.Contains("layer_topk", folders);
        Assert.Contains("lm_sigma_moe", folders);
        Assert.DoesNotContain("notes", folders);
    }

    [Fact]
    public void Case_WithATensorThatNothingCompares_Fails()
    {
        using var folder = new TemporaryFolder();
        CaseFolder.WriteClear(folder.File("more"), seed =>
        {
            var (config, tensors, margin) = Cases["layer_topk"](seed);
            tensors.AddNormal("out.surprise", 1, 2, 2);
            return (config, tensors, margin);
        });
        var fault = Assert.ThrowsAny<Exception>(() => Run(folder.File("more")));
        Assert.Contains("nothing compared out.surprise", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("layer_sbase", "sinkhorn_iterations", "out.sel_scores|out.y")]
    [InlineData("train_switch", "warmup_steps", "out.lr")]
    [InlineData("model_topk", "topk", "out.logits")]
    public void Case_WithAnotherSetting_Fails(string name, string setting, string where)
    {
        using var folder = new TemporaryFolder();
        CaseFolder.WriteClear(folder.File("wrong"), seed =>
        {
            var (config, tensors, margin) = Cases[name](seed);
            config["plain"]![setting] = config["plain"]![setting]!.GetValue<int>() - 1;
            return (config, tensors, margin);
        });
        var fault = Assert.ThrowsAny<Exception>(() => Run(folder.File("wrong")));
        Assert.Matches(where, fault.Message);
    }

    private static Func<int, (JsonObject, CaseTensors, double)> Layer(
        FeedForwardOptions block, int batch, int time, int size) =>
        seed => LayerCaseMaker.Make(block, batch, time, size, seed);

    private static void Run(string folder) =>
        new ReferenceCaseTests().Case_RunByItsConfiguration_AgreesWithTheAuthorsCode(folder);

    // the authors' other repository: its cases name one argument that the first has not
    private static Func<int, (JsonObject, CaseTensors, double)> StandAlone(FeedForwardOptions block) => seed =>
    {
        var (config, tensors, margin) = LayerCaseMaker.Make(block, 2, 7, 10, seed);
        config["authors"] = new JsonObject { ["weight_std_scale"] = 1.0 };
        return (config, tensors, margin);
    };

    private static Func<int, (JsonObject, CaseTensors, double)> Model(ModelOptions model, FeedForwardOptions block) =>
        seed => ModelCaseMaker.Make(model, block, 17, 2, 4, seed);

    private static Func<int, (JsonObject, CaseTensors, double)> Train(ModelOptions model, FeedForwardOptions block) =>
        seed => TrainCaseMaker.Make(new(model, block), seed);

    private static MixtureOfExpertsOptions Mixture(int experts, int size, int active, RouterOptions? router = null) =>
        new()
        {
            ExpertCount = experts,
            ExpertSize = size,
            ActiveExperts = active,
            Router = (router ?? new SigmoidRouterOptions()) with { BalancingWeight = Weight },
        };

    private static TopKOptions TopK(int size, int active) => new() { HiddenSize = size, ActiveChannels = active };

    private static ProductKeyMemoryOptions Memory(int keys, int heads, int nearest, MemoryActivation activation) =>
        new() { SubKeyCount = keys, HeadCount = heads, NearestKeys = nearest, Activation = activation };
}
