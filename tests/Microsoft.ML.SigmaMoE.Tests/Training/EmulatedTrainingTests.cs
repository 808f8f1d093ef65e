namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Training as on a GPU: routers, experts and AdamW by their kernels, on the emulator.</summary>
public sealed class EmulatedTrainingTests
{
    [Fact]
    public void Run_OnEmulatedKernels_GivesTheLossesOfTheProcessor()
    {
        var options = TrainingRun.Options with { MaxSteps = 8, Workers = 1, ReportInterval = 1 };
        var experts = TinyModel.Experts with { Router = new SigmoidRouterOptions { ExpertDropout = 0.25, BalancingWeight = 0.01 } };
        using var truth = new TrainingRun(feedForward: experts);
        var expected = truth.Train(options);
        using var emulated = new OnEmulatedKernels();
        using var run = new TrainingRun(feedForward: experts);
        var actual = run.Train(options);
        Assert.Equal(8, emulated.Driver.Launches.Count(launch => launch == "adamw"));
        Assert.Equal(2 * 8, emulated.Driver.Launches.Count(launch => launch == "route_gradient_sigmoid"));
        Assert.All(
            expected.Reports.Zip(actual.Reports),
            pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-4 * pair.First.Loss));
    }

    [Theory]
    [InlineData(80, "_f16_16")]
    [InlineData(75, "_f16_flat_16")]
    [InlineData(70, "_float_16")]
    public void Run_InFloat16_GivesTheLossesOfFloat32WithScaledLosses(int capability, string kernels)
    {
        // a few steps: once rounding has sent a token to another expert, losses drift apart
        var options = TrainingRun.Options with { MaxSteps = 8, Workers = 1, ReportInterval = 1 };
        using var truth = new TrainingRun();
        var expected = truth.Train(options);
        using var emulated = new OnEmulatedKernels(capability);
        using var run = new TrainingRun(precision: Precision.Float16);
        var actual = run.Train(options);
        var last = actual.Reports[^1];
        Assert.Contains($"expert_weight_gradient{kernels}", emulated.Driver.Launches);
        Assert.Equal(8, emulated.Driver.Launches.Count(launch => launch == "adamw"));
        Assert.Equal((65536d, 0L), (last.LossScale, last.SkippedSteps));
        Assert.All(
            expected.Reports.Zip(actual.Reports),
            pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 5e-3 * pair.First.Loss));
    }
}
