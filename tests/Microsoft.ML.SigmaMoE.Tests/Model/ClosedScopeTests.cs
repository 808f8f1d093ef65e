using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Backward passes after the dispose scope of the forward pass has closed: everything that they need must be held by
/// libtorch's graph, not by a scope, which in training frees what is only passing through.
/// </summary>
public sealed class ClosedScopeTests
{
    public static TheoryData<FeedForwardOptions> Blocks => [.. TinyModel.Blocks];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Backward_OfALayerInFloat32_GivesTheSameGradients(FeedForwardOptions options) =>
        Compare(options, Precision.Float32);

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Backward_OfALayerInBFloat16_GivesTheSameGradients(FeedForwardOptions options) =>
        Compare(options, Precision.BFloat16);

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Backward_AgainOverARetainedGraph_GivesTheSameGradients(FeedForwardOptions options)
    {
        using var scope = NewDisposeScope();
        using var randomness = new Randomness(1);
        using var network = TinyModel.Network(options, randomness: randomness);
        using var memory = new SegmentMemory(4);
        var loss = network.Loss(Tokens(), memory).Total;
        loss.backward(retain_graph: true);
        var once = Gradients(network).ToDictionary(pair => pair.Key, pair => pair.Value.clone());
        network.zero_grad();
        loss.backward();
        Same(once, Gradients(network));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void Backward_OfExpertsByLibtorch_GivesTheSameGradients(bool bias, bool mask)
    {
        using var scope = NewDisposeScope();
        var problem = new ExpertProblem(9, 12, 4, 8, 2, Spread.Random, bias, mask);
        Dictionary<string, Tensor> Run(Func<Func<(Tensor Loss, Tensor Result)>, (Tensor Loss, Tensor Result)> by)
        {
            Tensor Leaf(Array numbers) => from_array(numbers).requires_grad_();
            var inputs = new ExpertInputs(
                Leaf(problem.Tokens), Leaf(problem.Gates), Leaf(problem.Up), Leaf(problem.Down),
                bias ? Leaf(problem.Bias!) : null);
            by(() =>
            {
                var batch = ExpertBatch.Create(from_array(problem.Choices), problem.Experts);
                var factors = mask ? from_array(problem.Mask!) : null;
                var y = ExpertFunction.Apply(new TorchExpertBackend(ScalarType.Float32), inputs, batch, factors);
                return ((y * from_array(problem.Gradient)).sum(), y.detach());
            }).Loss.backward();
            Tensor?[] leaves = [inputs.Tokens, inputs.Gates, inputs.Up, inputs.Down, inputs.UpBias];
            return leaves.OfType<Tensor>().Index().ToDictionary(leaf => $"input {leaf.Index}", leaf => leaf.Item.grad!);
        }

        Same(Run(forward => forward()), Run(Forgetting.AllBut));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Loss_InTraining_LeavesNothingInTheScopeButItself(bool isRotary)
    {
        using var outer = NewDisposeScope();
        AttentionOptions attention = isRotary ? new RotaryAttentionOptions() : new RelativeAttentionOptions();
        long Left(int layers)
        {
            var model = TinyModel.Model with { LayerCount = layers, MemoryLength = 0, Attention = attention };
            using var network = TinyModel.Network(new DenseOptions { HiddenSize = 6 }, model);
            using var memory = new SegmentMemory(0);
            using var scope = NewDisposeScope();
            var tokens = Tokens();
            var before = scope.DisposablesCount;
            network.Loss(tokens, memory);
            return scope.DisposablesCount - before;
        }

        Assert.Equal(1, Left(2));
        Assert.Equal(1, Left(7));
    }

    [Fact]
    public void Backward_OfMoreLayers_LeavesNothingInTheScope()
    {
        using var outer = NewDisposeScope();
        using var network = TinyModel.Network(model: TinyModel.Model with { LayerCount = 5 });
        using var memory = new SegmentMemory(4);
        using var scope = NewDisposeScope();
        var loss = network.Loss(Tokens(), memory).Total;
        var before = scope.DisposablesCount;
        loss.backward();
        Assert.Equal(before, scope.DisposablesCount);
    }

    // The truth holds everything until its gradients are there.
    private static void Compare(FeedForwardOptions options, Precision precision)
    {
        AttentionOptions[] attentions = [new RelativeAttentionOptions(), new RotaryAttentionOptions()];
        foreach (var attention in attentions)
        {
            using var scope = NewDisposeScope();
            var model = TinyModel.Model with { Dropout = 0.2, Attention = attention };
            Same(Run(options, model, precision, forward => forward()), Run(options, model, precision, Forgetting.AllBut));
        }
    }

    private static Dictionary<string, Tensor> Run(
        FeedForwardOptions options, ModelOptions model, Precision precision,
        Func<Func<(Tensor Loss, Tensor Result)>, (Tensor Loss, Tensor Result)> by)
    {
        using var randomness = new Randomness(1);
        using var layer = new TransformerLayer(options, new(model, ComputePrecision.Of(precision, CPU), randomness));
        var (hidden, memory) = (randomness.Normal([2, 5, model.ModelSize]), randomness.Normal([2, 4, model.ModelSize]));
        var weights = randomness.Normal(hidden.shape);
        hidden.requires_grad = true;
        by(() =>
        {
            var positions = SegmentPositions.Create(model, new(5, 4), CPU);
            var output = layer.Forward(hidden, memory, positions);
            var loss = (output.Hidden * weights).sum();
            return (
                output.Routing is { } routing && layer.Block.BalancingLoss([routing]) is { } balancing
                    ? loss + balancing
                    : loss,
                loss.detach());
        }).Loss.backward();
        var gradients = layer.named_parameters().Where(pair => pair.parameter.grad is not null)
            .ToDictionary(pair => pair.name, pair => pair.parameter.grad!);
        gradients["hidden"] = hidden.grad!;
        return gradients;
    }

    private static Dictionary<string, Tensor> Gradients(TransformerNetwork network) =>
        network.named_parameters().Where(pair => pair.parameter.grad is not null)
            .ToDictionary(pair => pair.name, pair => pair.parameter.grad!);

    private static void Same(Dictionary<string, Tensor> expected, Dictionary<string, Tensor> actual)
    {
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Keys, actual.Keys);
        Assert.All(expected, pair => TensorAssert.Same(pair.Value, actual[pair.Key]));
        Assert.All(actual.Values, gradient => Assert.False(gradient.isnan().any().item<bool>()));
    }

    // [batch, time + 1]
    private static Tensor Tokens() => tensor((long[])[1, 5, 2, 0, 7, 3, 3, 10, 4, 8], [2, 5]);
}
