using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// A group of layers that is used again and again, beside a network whose layers are copies of one another.
/// </summary>
public sealed class SharedLayersTests
{
    private static readonly ModelOptions Shared = TinyModel.Model with { LayerCount = 6, DistinctLayerCount = 2 };
    private static readonly ModelOptions Unshared = Shared with { DistinctLayerCount = null };

    public static TheoryData<FeedForwardOptions> Blocks =>
        [.. TinyModel.Blocks.Where(block => block is not MixtureOfExpertsOptions), Mixture];

    private static MixtureOfExpertsOptions Mixture =>
        TinyModel.Experts with { Router = new SigmoidRouterOptions { BalancingWeight = 0.7 } };

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Forward_OfSharedLayers_EqualsThatOfCopies(FeedForwardOptions block)
    {
        using var scope = NewDisposeScope();
        using var shared = TinyModel.Network(block, Shared);
        using var copies = Copies(shared, block);
        using var memories = new SegmentMemory(4);
        using var others = new SegmentMemory(4);
        foreach (var tokens in Segments())
        {
            TensorAssert.Same(copies.Forward(tokens, others).Hidden, shared.Forward(tokens, memories).Hidden);
        }

        Assert.Equal(6, memories.Layers.Count);
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Continue_WithSharedLayers_EqualsForward(FeedForwardOptions block)
    {
        using var scope = NewDisposeScope();
        using var quiet = inference_mode();
        using var network = TinyModel.Network(block, Shared);
        using var memory = new SegmentMemory(100);
        using var cache = new ReadingCache(Shared.LayerCount);
        network.eval();
        foreach (var tokens in Segments())
        {
            TensorAssert.Close(network.Forward(tokens, memory).Hidden, network.Continue(tokens, cache), 1e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Gradient_OfASharedLayer_IsTheSumOfItsCopies(FeedForwardOptions block)
    {
        using var scope = NewDisposeScope();
        using var shared = TinyModel.Network(block, Shared);
        using var copies = Copies(shared, block);
        using var memory = new SegmentMemory(4);
        using var other = new SegmentMemory(4);
        var tokens = cat(Segments(), 1);                                                    // [batch, time + 1 + ..]
        shared.Loss(tokens.narrow(1, 0, 5), memory).CrossEntropy.backward();
        copies.Loss(tokens.narrow(1, 0, 5), other).CrossEntropy.backward();
        foreach (var (name, weight) in shared.named_parameters().Where(p => p.name.StartsWith("layers.1.", StringComparison.Ordinal)))
        {
            var gradients = new[] { 1, 3, 5 }.Select(
                layer => copies.get_parameter($"layers.{layer}.{name["layers.1.".Length..]}")!.grad);
            if (weight.grad is { } gradient)
            {
                TensorAssert.Close(gradients.OfType<Tensor>().Aggregate((sum, one) => sum + one), gradient, 2e-6, name);
            }
        }
    }

    [Fact]
    public void BalancingLoss_OfASharedBlock_PoolsAllItsCalls()
    {
        using var scope = NewDisposeScope();
        using var shared = TinyModel.Network(Mixture, Shared);
        using var memory = new SegmentMemory(4);
        var loss = shared.Loss(cat(Segments(), 1).narrow(1, 0, 5), memory);
        var pooled = Enumerable.Range(0, 2)
            .Select(layer =>
                cat([.. loss.Routings.Where((_, depth) => depth % 2 == layer).Select(routing => routing.Logits)]))
            .Select(logits => logits.softmax(-1).mean([0L]))
            .Select(q => (q * q.log()).sum() * 0.7)
            .Aggregate((sum, one) => sum + one);
        TensorAssert.Close(pooled, loss.Balancing!, 1e-6);
        Assert.Equal(6, loss.Routings.Count);
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Parameters_OfSharedLayers_AreCountedOnce(FeedForwardOptions block)
    {
        using var network = TinyModel.Network(block, Shared);
        var (shared, unshared) = (ModelCost.Of(Shared, block, 11), ModelCost.Of(Unshared, block, 11));
        Assert.Equal(network.parameters().Sum(weight => weight.numel()), shared.Parameters);
        Assert.Equal(unshared.FeedForwardMultiplyAdds, shared.FeedForwardMultiplyAdds);
    }

    [Fact]
    public void Load_OfASavedModelWithSharedLayers_GivesTheSameModel()
    {
        using var folder = new TemporaryFolder();
        var options = new LanguageModelOptions { Model = Shared, FeedForward = Mixture, Tokenizer = new ByteTokenizerOptions(), Precision = Precision.Float32 };
        using var saved = TinyModel.Create(options);
        saved.Save(folder.Path);
        using var loaded = LanguageModel.Load(folder.Path);
        Assert.Equal(saved.Score("the same").LogLikelihood, loaded.Score("the same").LogLikelihood);
        Assert.Equal(6, loaded.Network.ExpertLayerCount);
    }

    [Fact]
    public void Training_WithSharedLayers_ResumesBitByBit()
    {
        using var whole = new TrainingRun(Shared, Mixture);
        whole.Train(TrainingRun.Options with { MaxSteps = 12 });
        using var cut = new TrainingRun(Shared, Mixture);
        var options = TrainingRun.Options with
        {
            MaxSteps = 12,
            CheckpointDirectory = cut.Folder.File("checkpoints"),
            OnCancel = CancellationBehavior.ReturnCurrent,
        };
        cut.TrainUntil(7, options);
        cut.StartOver();
        cut.Train(options with { Resume = true });
        TrainingRun.AssertSame(whole.Weights(), cut.Weights());
    }

    [Theory]
    [InlineData(4)]
    [InlineData(0)]
    [InlineData(12)]
    public void Validate_OfAGroupThatDoesNotFit_SaysWhy(int distinct)
    {
        var fault = Assert.ThrowsAny<ArgumentException>((Shared with { DistinctLayerCount = distinct }).Validate);
        Assert.Contains("DistinctLayerCount", fault.Message, StringComparison.Ordinal);
    }

    private static Tensor[] Segments()
    {
        using var randomness = new Randomness(8);
        return [.. Enumerable.Range(0, 3).Select(_ => (randomness.Uniform([2, 4]) * 11).to(ScalarType.Int64))];
    }

    private static TransformerNetwork Copies(TransformerNetwork shared, FeedForwardOptions block)
    {
        using var quiet = no_grad();
        var copies = TinyModel.Network(block, Unshared, seed: 5);
        foreach (var (name, weight) in copies.named_parameters())
        {
            var parts = name.Split('.', 3);
            weight.copy_(
                shared.get_parameter(parts[0] == "layers" ? $"layers.{int.Parse(parts[1]) % 2}.{parts[2]}" : name)!);
        }

        return copies;
    }
}
