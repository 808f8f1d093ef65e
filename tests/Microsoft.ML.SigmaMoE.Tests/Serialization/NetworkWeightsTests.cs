using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class NetworkWeightsTests
{
    // The authors' own checkpoint of a small model, in a file as theirs are after conversion.
    [Theory]
    [InlineData("lm_sigma_moe")]
    [InlineData("lm_dense")]
    [InlineData("lm_topk")]
    [InlineData("lm_pkm")]
    [InlineData("lm_switch")]
    public void Read_OfTheAuthorsWeights_FillsEveryWeight(string name)
    {
        using var scope = NewDisposeScope();
        var folder = Path.Combine(AppContext.BaseDirectory, "Reference", "Cases", name);
        var stored = SafeTensorsFile.Read(Path.Combine(folder, "tensors.safetensors"))
            .Where(pair => pair.Key.StartsWith("param.", StringComparison.Ordinal))
            .ToDictionary(pair => pair.Key["param.".Length..], pair => pair.Value);
        using var stream = new MemoryStream();
        SafeTensorsFile.Write(stream, stored.Select(pair => (pair.Key, pair.Value)));
        stream.Position = 0;

        using var network = Network(folder);
        NetworkWeights.Read(new ForwardOnlyStream(stream), network);

        using var again = new MemoryStream();
        NetworkWeights.Write(again, network);
        again.Position = 0;
        var written = SafeTensorsFile.Read(again);
        var weights = stored.Keys.Where(key => !key.Contains("counts", StringComparison.Ordinal)).Order().ToArray();
        Assert.Equal(weights, written.Keys.Order());
        Assert.All(weights, key => TensorAssert.Same(stored[key], written[key], key));
    }

    public static TheoryData<int> Blocks => [.. Enumerable.Range(0, TinyModel.Blocks.Count)];

    // it is built without numbers: one that the file did not bring would be what memory held before
    [Theory]
    [MemberData(nameof(Blocks))]
    public void ReadNetwork_OfAnyBlock_HasTheWeightsOfTheFile(int block)
    {
        using var scope = NewDisposeScope();
        var options = new LanguageModelOptions { Model = TinyModel.Model, FeedForward = TinyModel.Blocks[block] };
        using var network = options.CreateNetwork(11, CPU);
        using var stream = new MemoryStream();
        NetworkWeights.Write(stream, network);
        stream.Position = 0;
        var configuration = new ModelConfiguration { VocabularySize = 11, HasTokenizer = false, Options = options };
        using var read = NetworkWeights.ReadNetwork(stream, configuration, CPU);
        var weights = read.named_parameters().ToDictionary(weight => weight.name, weight => weight.parameter);
        Assert.All(
            network.named_parameters(),
            weight => TensorAssert.Same(weight.parameter, weights[weight.name], weight.name));
    }

    [Fact]
    public void Write_AndRead_LeaveNoTensorBehind()
    {
        using var network = TinyModel.Network();
        using var stream = new MemoryStream();
        var before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        NetworkWeights.Write(stream, network);
        stream.Position = 0;
        NetworkWeights.Read(stream, network);
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static TransformerNetwork Network(string folder)
    {
        using var config = CaseConfig.Open(folder);
        var settings = CaseSettings.Of(config.RootElement);
        return TinyModel.Network(
            CaseOptions.FeedForward(settings), CaseOptions.Model(settings), settings.Int("vocab_size"));
    }
}
