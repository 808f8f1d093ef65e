namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// What import takes from names and shapes, and what it only takes for granted where somebody hears of it.
/// </summary>
public sealed class LanguageModelImportAssumptionTests
{
    private static readonly int[][] Rows = [[1, 2, 3, 4, 5, 6, 7, 8, 9]];

    [Theory]
    [InlineData("lm_dense", null, "dense blocks with ReLU, but Top-K activation")]
    [InlineData("lm_topk", null, "dense blocks with ReLU, but Top-K activation")]
    [InlineData("lm_sigma_moe", 2, "σ-MoE: a sigmoid router and ReLU, but softmax before or after top-k, Switch, S-BASE")]
    [InlineData("lm_switch", 1, "σ-MoE: a sigmoid router and ReLU, but softmax before or after top-k, Switch, S-BASE")]
    public void Import_OfTensorsAlone_RefusesToGuessAndSaysWhatIsMissing(string name, int? active, string assumed)
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open(name);
        var path = Write(folder, reference);
        var fault = Assert.Throws<ArgumentException>(
            () => LanguageModel.Import(path, new() { ActiveExperts = active }));
        var message = Flat(fault.Message);
        Assert.Contains(
            $"'{path}' does not say which feed-forward blocks it has. It is taken for {assumed}", message,
            StringComparison.Ordinal);
        Assert.Contains(
            "ImportOptions.FeedForward, or let ImportOptions.OnAssumption accept", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lm_dense", null, "dense blocks with ReLU")]
    [InlineData("lm_sigma_moe", 2, "a sigmoid router and ReLU")]
    public void Import_WhereAssumptionsAreHeard_SaysEachOnceAndGoesOn(string name, int? active, string assumed)
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open(name);
        var heard = new List<string>();
        using var model = LanguageModel.Import(
            Write(folder, reference), new() { ActiveExperts = active, OnAssumption = heard.Add });
        Assert.Contains(assumed, Assert.Single(heard), StringComparison.Ordinal);
    }

    // why nothing is assumed in silence: the tensors fit, the numbers are others
    [Fact]
    public void Import_OfASwitchTakenForSigmaMoE_ComputesSomethingElse()
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_switch");
        var options = new ImportOptions { ActiveExperts = 1, Precision = Precision.Float32, OnAssumption = _ => { } };
        using var assumed = LanguageModel.Import(Write(folder, reference), options);
        using var given = LanguageModel.Import(
            Write(folder, reference), options with { FeedForward = CaseOptions.FeedForward(reference.Settings) });
        Assert.NotEqual(Scores(assumed), Scores(given));
    }

    [Theory]
    [InlineData("lm_dense")]
    [InlineData("lm_sigma_moe")]
    [InlineData("lm_switch")]
    [InlineData("lm_topk")]
    [InlineData("lm_pkm")]
    public void Import_WithArgumentsOrTheBlockGiven_AssumesNothing(string name)
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open(name);
        var archive = TorchFileWriter.Checkpoint(
            ReferenceCheckpoint.Weights(reference), ReferenceCheckpoint.Arguments(reference));
        File.WriteAllBytes(folder.File("a.pth"), archive);
        using var model = LanguageModel.Import(folder.File("a.pth"), new() { Precision = Precision.Float32 });
        using var given = LanguageModel.Import(
            Write(folder, reference),
            new()
            {
                FeedForward = CaseOptions.FeedForward(reference.Settings),
                Model = model.Options.Model,
                Precision = Precision.Float32,
            });
        Assert.Equal(Scores(model), Scores(given));
    }

    [Theory]
    [InlineData("lm_sigma_moe", "moe.selection_mode")]
    [InlineData("lm_dense", "transformer.variant")]
    public void Import_OfArgumentsWithoutTheOneThatTells_RefusesToGuess(string name, string missing)
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open(name);
        var arguments = ReferenceCheckpoint.Arguments(reference);
        Assert.True(arguments.Remove(missing));
        File.WriteAllBytes(
            folder.File("a.pth"), TorchFileWriter.Checkpoint(ReferenceCheckpoint.Weights(reference), arguments));
        var fault = Assert.Throws<ArgumentException>(() => LanguageModel.Import(folder.File("a.pth")));
        Assert.Contains("does not say", fault.Message, StringComparison.Ordinal);
    }

    public static TheoryData<FeedForwardOptions> OfOurOwn => new()
    {
        new DenseOptions { HiddenSize = 6, Bias = false },
        TinyModel.Experts with { Bias = true },
        TinyModel.Experts with { Router = new NoisyTopKRouterOptions() },
        TinyModel.Experts with { Router = new LossFreeRouterOptions() },
    };

    [Theory]
    [MemberData(nameof(OfOurOwn))]
    public void Import_OfTensorsThatTellMore_TakesItFromThem(FeedForwardOptions block)
    {
        using var folder = new TemporaryFolder();
        using var model = TinyModel.Create(
            new() { Model = TinyModel.Model, FeedForward = block, Tokenizer = new ByteTokenizerOptions(), Precision = Precision.Float32 });
        var path = folder.File("a.safetensors");
        using (var stream = File.Create(path))
        {
            NetworkWeights.Write(stream, model.Network);
        }

        var heard = new List<string>();
        var options = new ImportOptions
        {
            ActiveExperts = 2,
            Model = TinyModel.Model,
            Precision = Precision.Float32,
            OnAssumption = heard.Add,
        };
        using var imported = LanguageModel.Import(path, options);
        Assert.Equal(block, imported.Options.FeedForward);
        Assert.Equal(Scores(model), Scores(imported));
        Assert.Contains("other activations", Assert.Single(heard), StringComparison.Ordinal);
    }

    [Fact]
    public void Import_OfTensorsOfSomebodysRouter_AsksForItsName()
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_sigma_moe");
        using var own = TorchSharp.torch.ones(3);
        var path = folder.File("a.safetensors");
        SafeTensorsFile.Write(
            path, ReferenceCheckpoint.Weights(reference).Append(("layers.0.pkm.router.temperature", own)));
        var fault = Assert.Throws<ArgumentException>(
            () => LanguageModel.Import(path, new() { ActiveExperts = 2, OnAssumption = _ => { } }));
        Assert.Contains(
            "'layers.0.pkm.router.temperature' of a router of somebody's own", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_WhereTheListenerRefuses_Ends()
    {
        using var folder = new TemporaryFolder();
        using var reference = ReferenceCheckpoint.Open("lm_dense");
        var path = Write(folder, reference);
        Assert.Throws<TimeoutException>(
            () => LanguageModel.Import(path, new() { OnAssumption = _ => throw new TimeoutException() }));
    }

    private static string Write(TemporaryFolder folder, ReferenceCase reference)
    {
        var path = folder.File("authors.safetensors");
        SafeTensorsFile.Write(path, ReferenceCheckpoint.Weights(reference));
        return path;
    }

    private static float[] Scores(LanguageModel model) => model.Score(Rows)[0].TokenLogLikelihoods;

    // a message of ArgumentException may end in a line of its own
    private static string Flat(string message) => message.ReplaceLineEndings(" ");
}
