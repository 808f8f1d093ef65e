using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Training with scaled losses: in float32, where a power of two changes no bit, and in float16 by libtorch's
/// operations.
/// </summary>
public sealed class LossScalingTests
{
    private static readonly ComputePrecision ScaledFloat32 = new(ScalarType.Float32) { ScalesLosses = true };
    private static readonly ComputePrecision ScaledFloat16 = new(ScalarType.Float16) { ScalesLosses = true };

    private static TrainingOptions Options =>
        TrainingRun.Options with { MaxSteps = 12, Workers = 1, ReportInterval = 1 };

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(1, 2)]
    public void Run_ScalingInFloat32_GivesTheWeightsOfOneThatDoesNotBitForBit(int accumulation, int workers)
    {
        var options = Options with { GradientAccumulation = accumulation, Workers = workers };
        using var plain = new TrainingRun();
        using var scaled = new TrainingRun(compute: ScaledFloat32);
        var (expected, actual) = (plain.Train(options), scaled.Train(options));
        TrainingRun.AssertSame(plain.Weights(), scaled.Weights());
        Assert.Equal(
            expected.Reports.Select(report => (report.Loss, report.GradientNorm)),
            actual.Reports.Select(report => (report.Loss, report.GradientNorm)));
        Assert.All(expected.Reports, report => Assert.Equal((null, 0L), (report.LossScale, report.SkippedSteps)));
        Assert.All(actual.Reports, report => Assert.Equal((65536d, 0L), (report.LossScale, report.SkippedSteps)));
    }

    [Fact]
    public void Run_WhereAGradientIsNoNumber_LeavesItsStepOutAndHalvesTheScale()
    {
        using var run = Faulty(step => step is 3 or 5, out var options);
        var weights = new List<Tensor>();
        var result = run.Train(options with
        {
            MaxSteps = 6,
            Progress = new Reports(_ => weights.Add(
                cat([.. run.Network.parameters().Select(weight => weight.detach().flatten())]))),
        });
        Assert.Equal(6, result.Steps);
        Assert.Equal([0L, 0, 1, 1, 2, 2], result.Reports.Select(report => report.SkippedSteps));
        Assert.Equal(
            [65536d, 65536, 32768, 32768, 16384, 16384], result.Reports.Select(report => report.LossScale!.Value));
        bool[] moved = [.. weights.Skip(1).Zip(weights, (after, before) => !after.equal(before).all().item<bool>())];
        Assert.Equal([true, false, true, false, true], moved);
        Assert.Equal(result.Reports[1].GradientNorm, result.Reports[2].GradientNorm);
        Assert.All(
            result.Reports,
            report => Assert.True(double.IsFinite(report.Loss) && double.IsFinite(report.GradientNorm)));
    }

    [Fact]
    public void Run_WhereNoScaleIsSmallEnough_SaysSo()
    {
        using var run = Faulty(_ => true, out var options);
        var fault = Assert.Throws<NotFiniteNumberException>(() => run.Train(options with { MaxSteps = 100 }));
        Assert.Matches("broke down in step 17: the loss is [0-9.]+, the gradient's length (∞|Infinity|NaN) with the loss scaled by 1 "
            + @"\(16 steps were left out", fault.Message);
        Assert.Contains("bfloat16 and float32 have), at a learning rate of", fault.Message, StringComparison.Ordinal);
        Assert.All(run.Network.parameters(), weight => Assert.Null(weight.grad));
    }

    [Fact]
    public void Run_WhereAGradientIsNoNumberAndNothingIsScaled_StopsAtOnce()
    {
        using var run = Faulty(step => step == 3, out var options, ScalarType.Float32);
        var fault = Assert.Throws<NotFiniteNumberException>(() => run.Train(options));
        Assert.Contains("broke down in step 3: the loss is", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("scaled", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_WhereTheLossIsNoNumber_StopsAtOnce()
    {
        using var run = new TrainingRun(compute: ScaledFloat32);
        var fault = Assert.Throws<NotFiniteNumberException>(
            () => run.Train(Options with { LearningRate = 1e30, WarmupSteps = 0 }));
        Assert.Contains("broke down in step 2: the loss is", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]    // the step that was left out
    [InlineData(4)]
    public void Resume_AroundAStepLeftOut_EndsBitForBitAsIfNeverInterrupted(int interruptedAfter)
    {
        using var whole = Faulty(step => step is 3 or 7, out var options);
        var expected = whole.Train(options);

        var faults = new FaultyRouter.Faults(step => step is 3 or 7);
        using var run = new TrainingRun(feedForward: FaultyRouter.Experts(faults), compute: ScaledFloat32);
        var saving = options with
        {
            BeforeStep = faults.BeforeStep,
            CheckpointDirectory = run.Folder.File("checkpoints"),
            OnCancel = CancellationBehavior.ReturnCurrent,
        };
        run.TrainUntil(interruptedAfter, saving);
        run.StartOver();
        faults.Resume(interruptedAfter);
        var actual = run.Train(saving with { Resume = true });
        TrainingRun.AssertSame(whole.Weights(), run.Weights());
        Assert.Equal(expected.Reports.Select(Scale), actual.Reports.Select(Scale));
        Assert.Equal((16384d, 2L), Scale(actual.Reports[^1]));
    }

    [Fact]
    public void Resume_InNumbersThatNeedNoScale_ForgetsIt_AndBackAgainBeginsAnew()
    {
        using var run = Faulty(step => step == 3, out var options);
        var saving = options with { CheckpointDirectory = run.Folder.File("checkpoints"), Resume = true, MaxSteps = 4 };
        run.Train(saving);
        using var plain = new TrainingRun(feedForward: run.FeedForward);
        var without = plain.Train(saving with { MaxSteps = 6, BeforeStep = null });
        Assert.Equal((32768d, 1L), Scale(without.Reports[^3]));
        Assert.Equal((null, 0L), Scale(without.Reports[^1]));
        run.StartOver();
        Assert.Equal((65536d, 0L), Scale(run.Train(saving with { MaxSteps = 8, BeforeStep = null }).Reports[^1]));
    }

    // a dense block: where there are experts, rounding sends a token to another one sooner or later
    [Fact]
    public void Run_InFloat16_LearnsAsInFloat32()
    {
        var options = Options with { MaxSteps = 40 };
        using var exact = new TrainingRun(feedForward: new DenseOptions { HiddenSize = 16 });
        using var run = new TrainingRun(feedForward: new DenseOptions { HiddenSize = 16 }, compute: ScaledFloat16);
        var (expected, actual) = (exact.Train(options), run.Train(options));
        Assert.All(
            expected.Reports.Zip(actual.Reports),
            pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 0.02 * pair.First.Loss));
        Assert.True(actual.Reports[^1].Loss < 0.8 * actual.Reports[0].Loss);
    }

    // the share of a token in a step of a million
    [Fact]
    public void Gradient_OfASmallShareOfAStepInFloat16_VanishesUnlessItIsScaled()
    {
        const double share = 16.0 / (1 << 20);
        using var scope = NewDisposeScope();
        var exact = Gradient(ScalarType.Float32, share);
        double Error(double scale)
        {
            var error = (Gradient(ScalarType.Float16, share * scale) / scale) - exact;
            return (error.norm() / exact.norm()).item<float>();
        }

        Assert.InRange(Error(1), 0.02, 1);
        Assert.InRange(Error(65536), 0, 0.002);
    }

    // with the loss of so few tokens each has a large share, which 2^16 makes too large for the output matrix's
    // gradient
    [Fact]
    public void Run_InFloat16OfAFewTokensAStep_FindsAScaleAndResumesWithIt()
    {
        var options = Options with { BatchSize = 1, MaxSteps = 30, RestoreBest = false };
        using var whole = new TrainingRun(compute: ScaledFloat16);
        var expected = whole.Train(options);
        Assert.InRange(expected.Reports[^1].SkippedSteps, 1, 8);
        Assert.Equal(65536 / Math.Pow(2, expected.Reports[^1].SkippedSteps), expected.Reports[^1].LossScale);

        using var run = new TrainingRun(compute: ScaledFloat16);
        var saving = options with { CheckpointDirectory = run.Folder.File("checkpoints"), OnCancel = CancellationBehavior.ReturnCurrent };
        run.TrainUntil(1, saving);
        run.StartOver();
        var actual = run.Train(saving with { Resume = true });
        TrainingRun.AssertSame(whole.Weights(), run.Weights());
        Assert.Equal(expected.Reports.Select(Scale), actual.Reports.Select(Scale));
    }

    private static Tensor Gradient(ScalarType type, double factor)
    {
        using var network = TinyModel.Network(new DenseOptions { HiddenSize = 16 }, compute: type);
        var tokens = TensorNumbers.Range(0, 20, 1, ScalarType.Int64, CPU).remainder(11).view(4, 5);
        using var result = PassResult.Of(
            network, null, tokens, new SegmentMemory(TinyModel.Model.MemoryLength), factor);
        return cat([.. network.parameters().Select(weight => weight.grad).OfType<Tensor>().Select(gradient => gradient.flatten())]);
    }

    private static (double?, long) Scale(TrainingProgress report) => (report.LossScale, report.SkippedSteps);

    private static TrainingRun Faulty(
        Func<long, bool> steps, out TrainingOptions options, ComputePrecision? compute = null)
    {
        var faults = new FaultyRouter.Faults(steps);
        options = Options with { BeforeStep = faults.BeforeStep };
        return new(feedForward: FaultyRouter.Experts(faults), compute: compute ?? ScaledFloat32);
    }
}
