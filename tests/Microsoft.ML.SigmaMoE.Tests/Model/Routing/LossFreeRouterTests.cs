using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LossFreeRouterTests
{
    private const string Bias = "layers.0.feed_forward.router.bias";

    private static readonly MixtureOfExpertsOptions Mixture =
        TinyModel.Experts with { Router = new LossFreeRouterOptions { BiasUpdateRate = 0.01 } };

    [Fact]
    public void AfterStep_MovesEachBiasTowardsTheAverageLoad()
    {
        using var scope = NewDisposeScope();
        using var randomness = new Randomness(3);
        using var block = Block(randomness);
        var experts = tensor(new long[,] { { 0, 1 }, { 0, 1 }, { 0, 2 } }); // 3, 2, 1 and 0 times; 1.5 on average
        block.AfterStep([new(experts, ones(3, 2), zeros(3, 4))]);
        TensorAssert.Close(tensor(new[] { -0.01, -0.01, 0.01, 0.01 }), block.get_parameter("router.bias")!, 1e-6);
        block.AfterStep([new(experts[..2], ones(2, 2), zeros(2, 4)), new(tensor(new long[,] { { 2, 3 }, { 2, 3 } }), ones(2, 2), zeros(2, 4))]);
        TensorAssert.Close(tensor(new[] { -0.01, -0.01, 0.01, 0.01 }), block.get_parameter("router.bias")!, 1e-6);
    }

    [Fact]
    public void Route_AfterManySteps_UsesExpertsThatNoTokenPreferred()
    {
        using var scope = NewDisposeScope();
        using var randomness = new Randomness(3);
        using var block = Block(randomness);
        using var quiet = no_grad();
        block.get_parameter("router.selection")!.zero_()[..2] = ones(2, 8);
        var x = randomness.Uniform([1, 64, 8]);
        Assert.Equal([64L, 64, 0, 0], Counts(block.forward(x).Routing!));
        for (var step = 0; step < 200; step++)
        {
            block.AfterStep([block.forward(x).Routing!]);
        }

        Assert.All(Counts(block.forward(x).Routing!), count => Assert.InRange(count, 16, 48));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Training_MovesTheBiasOnceAStepWhateverTheNumberOfPasses(int passes)
    {
        using var run = new TrainingRun(feedForward: Mixture);
        run.Train(TrainingRun.Options with { MaxSteps = 3, WarmupSteps = 0, GradientAccumulation = passes, RestoreBest = false });
        var bias = run.Network.get_parameter(Bias)!.detach();
        var steps = bias.abs().max().item<float>() / 0.01f;
        Assert.InRange(steps, 0.99f, 3.01f);
        Assert.Equal(Math.Round(steps), steps, 3);
    }

    [Fact]
    public void Training_InterruptedAndResumed_EndsWithTheSameBias()
    {
        using var whole = new TrainingRun(feedForward: Mixture);
        whole.Train(TrainingRun.Options);
        using var cut = new TrainingRun(feedForward: Mixture);
        var options = TrainingRun.Options with { CheckpointDirectory = cut.Folder.File("checkpoints"), OnCancel = CancellationBehavior.ReturnCurrent };
        cut.TrainUntil(13, options);
        cut.StartOver();
        cut.Train(options with { Resume = true });
        TrainingRun.AssertSame(whole.Weights(), cut.Weights());
        Assert.NotEqual(0, cut.Network.get_parameter(Bias)!.abs().sum().item<float>());
    }

    private static FeedForward Block(Randomness randomness) =>
        FeedForward.Create(Mixture, new(TinyModel.Model, ScalarType.Float32, randomness));

    private static long[] Counts(Routing routing) => routing.Experts.flatten().bincount(null, 4).data<long>().ToArray();
}
