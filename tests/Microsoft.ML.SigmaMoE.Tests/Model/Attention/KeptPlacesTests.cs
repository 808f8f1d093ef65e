using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class KeptPlacesTests
{
    private static readonly ModelOptions Model =
        TinyModel.Model with { ModelSize = 16, SegmentLength = 8, MemoryLength = 5 };

    [Theory]
    [InlineData(Precision.Float32, 1e-6)]
    [InlineData(Precision.BFloat16, 1e-2)]
    public void Forward_OfAFrozenNetwork_GivesWhatItGaveBefore(Precision precision, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var quiet = inference_mode();
        using var network = TinyModel.Network(model: Model, precision: precision);
        network.eval();
        Tensor[] wanted = [Read(network, 8), Read(network, 3), Read(network, 1)];
        network.Freeze();
        Tensor[] got = [Read(network, 8), Read(network, 3), Read(network, 1)];
        Assert.All(wanted.Zip(got), pair => TensorAssert.Close(pair.First, pair.Second, tolerance, "hidden states"));
    }

    [Fact]
    public void Forward_OfAShortText_DoesNotDependOnWhatWasReadBefore()
    {
        using var scope = NewDisposeScope();
        using var quiet = inference_mode();
        using var network = TinyModel.Network(model: Model);
        network.Freeze();
        var first = Read(network, 2);
        Read(network, 8);
        Assert.True(first.equal(Read(network, 2)).all().item<bool>(), "The same text gave other numbers later.");
    }

    [Fact]
    public void Forward_OfMoreThanTheModelCanSee_ComputesWhatIsMissing()
    {
        using var scope = NewDisposeScope();
        using var quiet = inference_mode();
        using var network = TinyModel.Network(model: Model);
        network.eval();
        var wanted = Read(network, 40);
        network.Freeze();
        TensorAssert.Close(wanted, Read(network, 40), 1e-6, "hidden states");
    }

    [Theory]
    [InlineData(5, 13)]
    [InlineData(1 << 30, KeptPlaces.Most)] // a row for each place of such a memory would take 64 GB
    public void Forward_OfAFrozenNetwork_KeepsTheProjectionsOfWhatItCanSee(int memory, int kept)
    {
        using var scope = NewDisposeScope();
        using var quiet = inference_mode();
        using var network = TinyModel.Network(model: Model with { EvaluationMemoryLength = memory });
        network.eval();
        var wanted = Read(network, 8);
        network.Freeze();
        TensorAssert.Close(wanted, Read(network, 8), 1e-6, "hidden states");
        var weight = network.named_parameters().Single(pair => pair.name == "layers.0.attention.position").parameter;
        var places = network.Frozen.Keep<KeptPlaces>(weight, () => throw new InvalidOperationException("Nothing is kept."))!;
        var sinusoids = RelativePositions.Encode(kept, Model.ModelSize, CPU);
        TensorAssert.Close(MatrixProduct.Of(sinusoids, weight.t()), places.Latest(kept), 1e-5, "projections");
        Assert.ThrowsAny<Exception>(() => places.Latest(kept + 1));
    }

    [Fact]
    public void Latest_OfAll_AreTheLastRows()
    {
        using var scope = NewDisposeScope();
        using var places = new KeptPlaces(arange(6, dtype: ScalarType.Float32).view(3, 2));
        Assert.Equal([2f, 3, 4, 5], places.Latest(2).contiguous().data<float>().ToArray());
    }

    // Two segments, the second after the first, [1, time, d_model].
    private static Tensor Read(TransformerNetwork network, int time)
    {
        using var memory = new SegmentMemory(Model.MemoryLength);
        var tokens = tensor(Enumerable.Range(0, 2 * time).Select(place => place * 7L % 11).ToArray(), [1, 2 * time]);
        network.Forward(tokens.narrow(1, 0, time), memory);
        return network.Forward(tokens.narrow(1, time, time), memory).Hidden;
    }
}
