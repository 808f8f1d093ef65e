using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Looks at the whole process's memory, so nothing runs beside it.</summary>
[Collection(Alone.Name)]
public sealed class PassMemoryTests
{
    private static readonly ModelOptions Model = new()
    {
        ModelSize = 256,
        LayerCount = 12,
        HeadCount = 4,
        SegmentLength = 128,
        MemoryLength = 0,
    };

    // Gradients of layers that are done, and what passed through layers on the way to the loss, would be as much again.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Backward_OfManyLayers_TakesLittleBesideWhatTheForwardPassLeft(bool hasExperts)
    {
        using var scope = NewDisposeScope();
        FeedForwardOptions block = hasExperts
            ? new MixtureOfExpertsOptions { ExpertCount = 8, ExpertSize = 64, ActiveExperts = 4 }
            : new DenseOptions { HiddenSize = 512 };
        using var network = TinyModel.Network(block, Model, vocabularySize: 64);
        using var memory = new SegmentMemory(0);
        var tokens = randint(64, [16, Model.SegmentLength + 1], ScalarType.Int64);
        void Forward()
        {
            using var inner = NewDisposeScope();
            network.Loss(tokens, memory);
        }

        void Both()
        {
            using var result = PassResult.Of(network, null, tokens, memory, 1);
            network.zero_grad();
        }

        Both();
        Assert.SkipUnless(ResidentMemory.PeakOf(() => { }) is not null, "This system does not tell.");
        var (forward, both) = (ResidentMemory.PeakOf(Forward)!.Value, ResidentMemory.PeakOf(Both)!.Value);
        Assert.InRange((double)both / forward, 0, 1.35);
    }
}
