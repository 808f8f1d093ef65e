using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class NetworkWeightsTests
{
    // The authors' own checkpoint of a small model, in a file as theirs are after conversion.
    [Theory]
    [InlineData("lm_sigma_moe", true)]
    [InlineData("lm_dense", false)]
    public void Read_OfTheAuthorsWeights_FillsEveryWeight(string name, bool hasExperts)
    {
        using var scope = NewDisposeScope();
        var stored = SafeTensorsFile.Read(Path.Combine(AppContext.BaseDirectory, "Reference", "Cases", name, "tensors.safetensors"))
            .Where(pair => pair.Key.StartsWith("param.", StringComparison.Ordinal))
            .ToDictionary(pair => pair.Key["param.".Length..], pair => pair.Value);
        using var stream = new MemoryStream();
        SafeTensorsFile.Write(stream, stored.Select(pair => (pair.Key, pair.Value)));
        stream.Position = 0;

        using var network = Network(stored, hasExperts);
        NetworkWeights.Read(new ForwardOnlyStream(stream), network);

        using var again = new MemoryStream();
        NetworkWeights.Write(again, network);
        again.Position = 0;
        var written = SafeTensorsFile.Read(again);
        var weights = stored.Keys.Where(key => !key.Contains("counts", StringComparison.Ordinal)).Order().ToArray();
        Assert.Equal(weights, written.Keys.Order());
        Assert.All(weights, key => TensorAssert.Same(stored[key], written[key], key));
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

    private static TransformerNetwork Network(Dictionary<string, Tensor> stored, bool hasExperts)
    {
        var model = new ModelOptions { ModelSize = 32, LayerCount = 2, HeadCount = 4, SegmentLength = 16, MemoryLength = 16 };
        FeedForwardOptions block = hasExperts
            ? new MixtureOfExpertsOptions { ExpertCount = 8, ExpertSize = 16, ActiveExperts = 2 }
            : new DenseOptions { HiddenSize = (int)stored["layers.0.linear1.weight"].shape[0] };
        return TinyModel.Network(block, model, (int)stored["embedding.weight"].shape[0]);
    }
}
