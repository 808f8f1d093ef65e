using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

[Collection(Alone.Name)]
public sealed class SimpleStepTests
{
    private static readonly BenchmarkOptions Tiny = new()
    {
        ModelSize = 24,
        ExpertCount = 6,
        ExpertSize = 16,
        ActiveExperts = 3,
        Tokens = 512,
    };

    [Fact]
    public void Error_OfLossAndGradients_IsRoundingAlone()
    {
        using var scope = NewDisposeScope();
        using var step = new SimpleStep(Tiny);
        Assert.InRange(step.Error(TrainingStep.Batch(Tiny, 1)), 1e-12, 1e-4);
    }

    [Fact]
    public void Loss_OfAWholeBatch_IsTheLibrarys()
    {
        using var scope = NewDisposeScope();
        using var step = new TrainingStep(Tiny, Tiny.Mixture, ScalarType.Float32);
        var batch = TrainingStep.Batch(Tiny, 2);
        var wanted = step.Backward(batch).item<float>();
        Assert.Equal(wanted, new SimpleNetwork(step.Network).Loss(batch).item<float>(), 1e-4 * wanted);
    }

    [Fact]
    public void Run_OnOneBatchAgainAndAgain_LearnsIt()
    {
        using var scope = NewDisposeScope();
        using var step = new SimpleStep(Tiny);
        var batch = TrainingStep.Batch(Tiny, 1);
        var before = step.Loss(batch);
        for (var time = 0; time < 5; time++)
        {
            step.Run(batch);
        }

        Assert.True(step.Loss(batch) < before - 0.01);
    }
}
