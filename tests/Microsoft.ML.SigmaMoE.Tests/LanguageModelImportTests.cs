using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LanguageModelImportTests
{
    private static readonly ModelOptions Segments = new()
    {
        ModelSize = 32,
        LayerCount = 2,
        HeadCount = 4,
        SegmentLength = 16,
        MemoryLength = 16,
    };

    [Theory]
    [InlineData("lm_dense", null)]
    [InlineData("lm_sigma_moe", 2)]
    public void Import_OfTheAuthorsWeights_ScoresAsTheirCode(string name, int? active)
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open(name);
        using var model = Import(reference, folder, Options(active));
        ReferenceCheckpoint.CheckScores(reference, model);
        Assert.Equal(50, model.VocabularySize);
        Assert.Equal(reference.Config.GetProperty("n_params").GetInt64(), model.Cost.Parameters);
    }

    [Theory]
    [InlineData("lm_topk")]
    [InlineData("lm_pkm")]
    [InlineData("lm_switch")]
    public void Import_WithTheBlockGiven_ScoresAsTheAuthorsCode(string name)
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open(name);
        using var model = Import(
            reference, folder, Options(null) with { FeedForward = CaseOptions.FeedForward(reference.Settings) });
        ReferenceCheckpoint.CheckScores(reference, model);
    }

    [Theory]
    [InlineData("lm_dense")]
    [InlineData("lm_sigma_moe")]
    [InlineData("lm_switch")]
    [InlineData("lm_topk")]
    [InlineData("lm_pkm")]
    public void Import_OfTheAuthorsArchive_TakesEverythingFromIt(string name)
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open(name);
        var path = folder.File("model-100000.pth");
        File.WriteAllBytes(path, TorchFileWriter.Checkpoint(ReferenceCheckpoint.Weights(reference), ReferenceCheckpoint.Arguments(reference)));
        using var model = LanguageModel.Import(path, new() { Precision = Precision.Float32 });
        Assert.Equal(Segments with { HeadSize = 8 }, model.Options.Model);
        var block = CaseOptions.FeedForward(reference.Settings);
        Assert.Equal(
            block is MixtureOfExpertsOptions mixture ? mixture with { Initialization = null } : block,
            model.Options.FeedForward);
        ReferenceCheckpoint.CheckScores(reference, model);
    }

    [Fact]
    public void Import_OfAnArchiveOfTensorsAlone_WorksToo()
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_dense");
        var weights = ReferenceCheckpoint.Weights(reference).Select(
            weight => (weight.Name, TorchView.Of(weight.Tensor)));
        File.WriteAllBytes(folder.File("a.bin"), TorchFileWriter.Write(new WrittenWeights(weights)));
        using var model = LanguageModel.Import(folder.File("a.bin"), Options(null));
        ReferenceCheckpoint.CheckScores(reference, model);
    }

    [Fact]
    public void Import_OfAnArgumentOfTheWrongKind_NamesIt()
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_sigma_moe");
        foreach (var wrong in new object[] { "many", 2.5, new long[] { 2 }, 1e300 })
        {
            var arguments = ReferenceCheckpoint.Arguments(reference);
            arguments["pkm.n_heads"] = wrong;
            File.WriteAllBytes(
                folder.File("a.pth"), TorchFileWriter.Checkpoint(ReferenceCheckpoint.Weights(reference), arguments));
            var fault = Assert.Throws<InvalidDataException>(() => LanguageModel.Import(folder.File("a.pth")));
            Assert.Contains("'pkm.n_heads'", fault.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("gate", 0, "entropy", typeof(SoftmaxBeforeTopKRouterOptions))]
    [InlineData("gate", 1, "entropy", typeof(SoftmaxAfterTopKRouterOptions))]
    [InlineData("gate", 0, "switch", typeof(SwitchRouterOptions))]
    [InlineData("sinkmoid2", 0, "entropy", typeof(SinkhornRouterOptions))]
    [InlineData("sigmoid", 0, "entropy", typeof(SigmoidRouterOptions))]
    public void Import_OfArgumentsThatNameARouter_ChoosesIt(string mode, long after, string loss, Type router)
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_sigma_moe");
        var arguments = ReferenceCheckpoint.Arguments(reference);
        (arguments["moe.selection_mode"], arguments["moe.activation_after_topk"], arguments["moe.reg_type"]) =
            (mode, after, loss);
        (arguments["moe.drop_expert"], arguments["moe.perplexity_reg"]) = (0.25, "0.125");
        File.WriteAllBytes(
            folder.File("a.pth"), TorchFileWriter.Checkpoint(ReferenceCheckpoint.Weights(reference), arguments));
        using var model = LanguageModel.Import(folder.File("a.pth"));
        var chosen = Assert.IsType<MixtureOfExpertsOptions>(model.Options.FeedForward).Router;
        Assert.IsType(router, chosen);
        Assert.Equal((0.25, 0.125), (chosen.ExpertDropout, chosen.BalancingWeight));
    }

    [Fact]
    public void Import_OfArgumentsThatNameAblations_KeepsThem()
    {
        using var folder = new TemporaryFolder();
        using var mixture = ReferenceCheckpoint.Open("lm_sigma_moe");
        using var dropping = ImportWith(mixture, folder, ("kvmem.dropout", "score"), ("dropout", 0.125));
        Assert.Equal(0.125, Assert.IsType<MixtureOfExpertsOptions>(dropping.Options.FeedForward).HiddenDropout);
        using var memory = ReferenceCheckpoint.Open("lm_pkm");
        using var scaled = ImportWith(memory, folder, ("pkm.custom_init", 5L));
        var values = Assert.IsType<ProductKeyMemoryOptions>(scaled.Options.FeedForward);
        Assert.Equal(MemoryInitialization.ByValueCount, values.Initialization);
    }

    [Theory]
    [InlineData("moe.selection_mode", "add", "moe.selection_mode = add; this library recognises sigmoid, gate, sinkmoid2")]
    [InlineData("transformer.activation", "gelu", "transformer.activation = gelu")]
    [InlineData("moe.reg_type", "normal", "moe.reg_type = normal")]
    public void Import_OfArgumentsThatNameWhatIsUnknown_SaysWhatIsKnown(string name, string value, string message)
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_sigma_moe");
        var arguments = ReferenceCheckpoint.Arguments(reference);
        arguments[name] = value;
        File.WriteAllBytes(
            folder.File("a.pth"), TorchFileWriter.Checkpoint(ReferenceCheckpoint.Weights(reference), arguments));
        var fault = Assert.Throws<NotSupportedException>(() => LanguageModel.Import(folder.File("a.pth")));
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_OfMemoriesWithoutArguments_AsksForTheirOptions()
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_pkm");
        var fault = Assert.Throws<ArgumentException>(() => Import(reference, folder, Options(null)));
        Assert.Contains("2 heads and 8 sub-keys", fault.Message, StringComparison.Ordinal);
        Assert.Contains("ImportOptions.FeedForward", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_OfArchivesThatHoldNoModel_SaysWhatTheyHold()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        (object? Value, string Message)[] files =
        [
            (new List<object?> { 1 }, "no dictionary of tensors"),
            (new Dictionary<string, object?> { ["iter"] = 1 }, "entry 'iter' is no tensor"),
            (new Dictionary<string, object?> { ["model"] = new Dictionary<string, object?> { ["w"] = "text" } }, "entry 'w' is no tensor"),
            (new Dictionary<string, object?> { ["model"] = new Dictionary<object, object?> { [3L] = null } }, "entry 3 has no name"),
            (new Dictionary<string, object?> { ["w"] = TorchView.Of(ones(3)) }, "neither 'embedding.weight'"),
        ];
        foreach (var (value, message) in files)
        {
            File.WriteAllBytes(folder.File("a.pth"), TorchFileWriter.Write(value));
            var fault = Assert.Throws<InvalidDataException>(() => LanguageModel.Import(folder.File("a.pth")));
            Assert.Contains(message, fault.Message, StringComparison.Ordinal);
            Assert.Contains("a.pth", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Import_OfManyNamesForOneStorage_Refuses()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var shared = WrittenStorage.Of(ones(1000));
        var names = Enumerable.Range(0, 1000).Select(
            number => ($"layers.{number}.w", new TorchView(shared, 0, [1000], [1])));
        File.WriteAllBytes(folder.File("a.pth"), TorchFileWriter.Write(new WrittenWeights(names)));
        var fault = Assert.Throws<InvalidDataException>(() => LanguageModel.Import(folder.File("a.pth")));
        Assert.Contains("but the file has only", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_OfAnOldPyTorchFile_SaysWhatToDo()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a.pth"), [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC]);
        var fault = Assert.Throws<InvalidDataException>(() => LanguageModel.Import(folder.File("a.pth")));
        Assert.Contains("before version 1.6", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_WithoutAModelShape_TakesSizesFromTheTensors()
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_sigma_moe");
        using var model = Import(reference, folder, Accepting with { ActiveExperts = 2 });
        Assert.Equal(Segments with { HeadSize = 8, SegmentLength = 256, MemoryLength = 256 }, model.Options.Model);
        var mixture = Assert.IsType<MixtureOfExpertsOptions>(model.Options.FeedForward);
        Assert.Equal((8, 16, 2, false), (mixture.ExpertCount, mixture.ExpertSize, mixture.ActiveExperts, mixture.Bias));
    }

    [Fact]
    public void Import_OfExpertsWithoutTheirNumber_AsksForIt()
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_sigma_moe");
        var fault = Assert.Throws<ArgumentException>(() => Import(reference, folder, new()));
        Assert.Contains("8 experts a layer", fault.Message, StringComparison.Ordinal);
        Assert.Contains("ImportOptions.ActiveExperts", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(32, 3)]
    [InlineData(32, 2, 2)]
    public void Import_WithOptionsThatContradictTheTensors_SaysBoth(int size, int layers = 2, int heads = 4)
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_dense");
        var wrong = Segments with { ModelSize = size, LayerCount = layers, HeadCount = heads, HeadSize = 8 };
        var fault = Assert.Throws<ArgumentException>(() => Import(reference, folder, new() { Model = wrong }));
        Assert.Matches(
            @"(ModelSize is 10|LayerCount is 3|HeadCount is 2), but the tensors of '.*' have (32|2|4)\.",
            fault.Message);
    }

    [Theory]
    [InlineData("layers.1.norm1.weight", "misses 'layers.1.norm1.weight'")]
    [InlineData("embedding.weight", "neither 'embedding.weight'")]
    [InlineData("layers.0.self_attn.global_content_bias", "no tensor 'layers.0.self_attn.global_content_bias' [heads, head size]")]
    public void Import_OfACheckpointWithoutATensor_NamesIt(string missing, string message)
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_dense");
        var weights = ReferenceCheckpoint.Weights(reference).Where(weight => weight.Name != missing);
        var fault = Assert.Throws<InvalidDataException>(() => Import(weights, folder, Accepting));
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_OfATensorThatIsNotNeeded_NamesIt()
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_dense");
        using var other = ones(3);
        var weights = ReferenceCheckpoint.Weights(reference).Append(("layers.0.magic", other));
        var fault = Assert.Throws<InvalidDataException>(() => Import(weights, folder, Accepting));
        Assert.Contains("has 'layers.0.magic'", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_OfATensorOfAnotherShapeOrType_NamesBoth()
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_dense");
        using var shape = ones(33);
        using var type = ones(32, dtype: int64);
        foreach (var wrong in new[] { shape, type })
        {
            var weights = ReferenceCheckpoint.Weights(reference).Select(
                weight => weight.Name == "out_norm.bias" ? (weight.Name, wrong) : weight);
            var fault = Assert.Throws<InvalidDataException>(() => Import(weights, folder, Accepting));
            Assert.Contains(
                $"'out_norm.bias' ({wrong.dtype} [{wrong.shape[0]}]) where 'out_norm.bias' [32]", fault.Message,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Import_OfTheCounterThatOnlyLoggingReads_IgnoresIt()
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_sigma_moe");
        Assert.Contains(
            ReferenceCheckpoint.Weights(reference), weight => weight.Name == "layers.0.pkm.kv_sel_counts_100");
        using var model = Import(reference, folder, Options(2));
        ReferenceCheckpoint.CheckScores(reference, model);
    }

    [Fact]
    public void Import_OfHalfPrecision_ReadsItAsFloat32()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var reference = ReferenceCheckpoint.Open("lm_dense");
        using var model = Import(
            ReferenceCheckpoint.Weights(reference).Select(w => (w.Name, w.Tensor.to(float16))), folder, Options(null));
        Assert.All(model.Network.parameters(), weight => Assert.Equal(float32, weight.dtype));
    }

    [Fact]
    public void Import_WithoutATokenizer_RefusesTextWithTheWayOut()
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_dense");
        using var model = Import(reference, folder, Options(null));
        Assert.False(model.HasTokenizer);
        foreach (var use in new Action[] { () => model.Score("a"), () => model.Embed(["a"]), () => model.Generate("a"), () => _ = model.Tokenizer })
        {
            var fault = Assert.Throws<InvalidOperationException>(use);
            Assert.Contains("has no tokenizer", fault.Message, StringComparison.Ordinal);
            Assert.Contains("ImportOptions.Tokenizer", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Import_WithATokenizerOfAnotherSize_SaysBoth()
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_dense");
        var fault = Assert.Throws<ArgumentException>(
            () => Import(reference, folder, Options(null) with { Tokenizer = SampleTokenizers.Bytes }));
        Assert.Contains("257 tokens", fault.Message, StringComparison.Ordinal);
        Assert.Contains("has 50", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Save_OfAModelWithoutATokenizer_LoadsAsOne()
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_sigma_moe");
        using var model = Import(reference, folder, Options(2));
        model.Save(folder.File("model"));
        using var loaded = LanguageModel.Load(folder.File("model"));
        Assert.False(loaded.HasTokenizer);
        Assert.Equal(model.Score([[1, 2, 3]])[0].TokenLogLikelihoods, loaded.Score([[1, 2, 3]])[0].TokenLogLikelihoods);
        ReferenceCheckpoint.CheckScores(reference, loaded);
    }

    [Fact]
    public void Import_OfAFileThatIsNotThere_SaysSo() =>
        Assert.Contains(
            "'nowhere.safetensors' is missing",
            Assert.Throws<FileNotFoundException>(() => LanguageModel.Import("nowhere.safetensors")).Message,
            StringComparison.Ordinal);

    private static ImportOptions Accepting => new() { OnAssumption = _ => { } };

    private static ImportOptions Options(int? active) =>
        Accepting with { ActiveExperts = active, Model = Segments, Precision = Precision.Float32 };

    private static LanguageModel ImportWith(
        ReferenceCase reference, TemporaryFolder folder, params (string Name, object Value)[] more)
    {
        var arguments = ReferenceCheckpoint.Arguments(reference);
        more.ToList().ForEach(argument => arguments[argument.Name] = argument.Value);
        File.WriteAllBytes(
            folder.File("a.pth"), TorchFileWriter.Checkpoint(ReferenceCheckpoint.Weights(reference), arguments));
        return LanguageModel.Import(folder.File("a.pth"));
    }

    private static LanguageModel Import(ReferenceCase reference, TemporaryFolder folder, ImportOptions options) =>
        Import(ReferenceCheckpoint.Weights(reference), folder, options);

    private static LanguageModel Import(
        IEnumerable<(string, Tensor)> weights, TemporaryFolder folder, ImportOptions options)
    {
        var path = folder.File("authors.safetensors");
        SafeTensorsFile.Write(path, weights);
        return LanguageModel.Import(path, options);
    }
}
