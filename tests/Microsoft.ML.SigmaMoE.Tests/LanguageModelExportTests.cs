namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LanguageModelExportTests
{
    public static TheoryData<FeedForwardOptions> Blocks =>
        [new DenseOptions { HiddenSize = 6 }, TinyModel.Experts, TinyModel.Experts with { Bias = true, ActiveExperts = 3 },
        new TopKOptions { HiddenSize = 6, ActiveChannels = 2 },
        new ProductKeyMemoryOptions { SubKeyCount = 3, HeadCount = 2, NearestKeys = 2 },
        TinyModel.Experts with { Router = new SwitchRouterOptions() }];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Export_AndImport_GiveTheSameModelBitForBit(FeedForwardOptions feedForward)
    {
        using var folder = new TemporaryFolder();
        var options = new LanguageModelOptions
        {
            Model = TinyModel.Model with { EvaluationMemoryLength = 7 },
            FeedForward = feedForward,
            Tokenizer = new ByteTokenizerOptions(),
            Precision = Precision.Float32,
        };
        using var model = TinyModel.Create(options);
        model.Export(folder.File("a.safetensors"));
        using var back = LanguageModel.Import(
            folder.File("a.safetensors"), new() { Precision = Precision.Float32, Tokenizer = model.Tokenizer });
        back.Export(folder.File("b.safetensors"));

        Assert.Equal(model.Options.Model, back.Options.Model);
        Assert.Equal(model.Options.FeedForward, back.Options.FeedForward);
        Assert.Equal(model.Score("some text").TokenLogLikelihoods, back.Score("some text").TokenLogLikelihoods);
        Assert.Equal(File.ReadAllBytes(folder.File("a.safetensors")), File.ReadAllBytes(folder.File("b.safetensors")));
    }

    [Fact]
    public void Export_OfATrainedModel_TellsNothingOfItsTraining()
    {
        using var folder = new TemporaryFolder();
        using var model = TinyModel.Create(new()
        {
            Model = TinyModel.Model,
            Tokenizer = new ByteTokenizerOptions(),
            Training = new() { Seed = 12345 },
        });
        model.Export(folder.File("a.safetensors"));
        Assert.DoesNotContain("12345", File.ReadAllText(folder.File("a.safetensors")), StringComparison.Ordinal);
    }

    [Fact]
    public void Import_OfAnExportWithDamagedMetadata_SaysWhich()
    {
        using var folder = new TemporaryFolder();
        using var model = TinyModel.Create();
        var metadata = new Dictionary<string, string> { ["Microsoft.ML.SigmaMoE"] = "{\"format\":1}" };
        using (var stream = File.Create(folder.File("a.safetensors")))
        {
            NetworkWeights.Write(stream, model.Network, WeightNames.Authors, metadata);
        }

        var fault = Assert.Throws<InvalidDataException>(() => LanguageModel.Import(folder.File("a.safetensors")));
        Assert.Contains("metadata 'Microsoft.ML.SigmaMoE'", fault.Message, StringComparison.Ordinal);
    }
}
