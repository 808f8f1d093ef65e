namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class InterleavedOptionsTests
{
    [Theory]
    [InlineData(1, 2, 1)]
    [InlineData(4, 2, 2)]
    [InlineData(5, 2, 3)]
    [InlineData(7, 3, 3)]
    [InlineData(3, 9, 1)]
    public void Blocks_GivenLayersAndAPeriod_CountWhatForLayerGives(int layers, int period, int regular)
    {
        var options = new InterleavedOptions { Period = period };
        var counted = Enumerable.Range(0, layers).Count(layer => options.ForLayer(layer) is MixtureOfExpertsOptions);
        Assert.Equal(regular, counted);
        Assert.Equal([(options.Regular, regular), (options.Between, layers - regular)], options.Blocks(layers));
    }

    [Fact]
    public void Validate_GivenWhatCannotBe_SaysWhatIsWrong()
    {
        Assert.Throws<ArgumentOutOfRangeException>(new InterleavedOptions { Period = 0 }.Validate);
        var nested = new InterleavedOptions { Between = new InterleavedOptions() };
        Assert.Contains(
            "two plain blocks", Assert.Throws<ArgumentException>(nested.Validate).Message, StringComparison.Ordinal);
        var unequal = new InterleavedOptions { Between = new MixtureOfExpertsOptions { ExpertCount = 5 } };
        Assert.Contains(
            "16 and 5 experts", Assert.Throws<ArgumentException>(unequal.Validate).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(
            new InterleavedOptions { Between = new DenseOptions { HiddenSize = 0 } }.Validate);
    }

    [Fact]
    public void Network_OfInterleavedBlocks_TrainsAndBalancesTheLayersWithExperts()
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var options = new InterleavedOptions { Regular = TinyModel.Experts, Between = new DenseOptions { HiddenSize = 5 }, Period = 2 };
        using var network = TinyModel.Network(options, TinyModel.Model with { LayerCount = 3 });
        using var memory = new SegmentMemory(4);
        var loss = network.Loss(TorchSharp.torch.arange(10).view(2, 5), memory);
        Assert.Equal(2, loss.Routings.Count);
        loss.Total.backward();
        Assert.All(
            network.named_parameters().Where(weight => !weight.name.Contains("unused", StringComparison.Ordinal)),
            weight => Assert.NotNull(weight.parameter.grad));
        Assert.Equal(
            network.parameters().Sum(weight => weight.numel()), ModelCost.Of(network.Model, options, 11).Parameters);
    }
}
