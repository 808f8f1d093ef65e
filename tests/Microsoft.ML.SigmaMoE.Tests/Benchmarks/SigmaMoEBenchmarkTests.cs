using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

[Collection(Alone.Name)]
public sealed class SigmaMoEBenchmarkTests
{
    private static readonly BenchmarkOptions Tiny = new()
    {
        ModelSize = 32,
        ExpertCount = 4,
        ExpertSize = 16,
        ActiveExperts = 2,
        Tokens = 256,
        Repetitions = 1,
        Patience = TimeSpan.FromSeconds(1),
    };

    // both with bfloat16 and without, whatever the processor has: at these sizes it can be emulated
    [Theory]
    [InlineData(BenchmarkKind.Layer, false, 6)]
    [InlineData(BenchmarkKind.Layer, true, 10)]
    [InlineData(BenchmarkKind.Step, false, 4 + 2 * 9)]
    [InlineData(BenchmarkKind.Step, true, 6 + 4 * 9)]
    [InlineData(BenchmarkKind.Score, false, 10)]
    [InlineData(BenchmarkKind.Decode, false, 5)]
    [InlineData(BenchmarkKind.Decode, true, 8)]
    [InlineData(BenchmarkKind.AdamW, false, 2)]
    [InlineData(BenchmarkKind.Attention, false, 4 * 4)]
    public void Run_OfAnyKind_AgreesWithItsReferenceAndHasRatios(BenchmarkKind kind, bool hasBFloat16, int count)
    {
        var results = SigmaMoEBenchmark.Run(kind, Tiny with { HasBFloat16 = hasBFloat16 });
        var missing = kind switch
        {
            BenchmarkKind.Layer when !Float32Speed.IsExact => 2, // no dense layer over oneDNN
            BenchmarkKind.Attention => 4 * Missing(ScalarType.Float32),
            _ => 0,
        };
        Assert.Equal(count - missing, results.Count);
        Assert.All(results, result =>
        {
            Assert.True(result.Milliseconds > 0);
            Assert.True(result.LowerQuartile <= result.Milliseconds && result.Milliseconds <= result.UpperQuartile);
            Assert.True(
                result.RatioToBaseline > 0 || result.Share > 0,
                $"{result.Name}, {result.Precision}, is {result.ErrorVsReference} off.");
        });
        if (kind != BenchmarkKind.Score) // which computes as models do
        {
            Assert.Equal(hasBFloat16, results.Any(result => result.Precision == "bfloat16"));
            Assert.Equal(hasBFloat16, results.Any(result => result.RatioToDenseBf16 is not null));
        }
    }

    // emulated at 1,024 tokens it would take minutes
    [Fact]
    public void Attention_InBFloat16_AgreesWithItsReferenceAtShortSegments()
    {
        using var scope = NewDisposeScope();
        var results = new AttentionBenchmark(Tiny with { HasBFloat16 = true }).Run(32, default);
        Assert.Equal(7 - Missing(ScalarType.Float32) - Missing(ScalarType.BFloat16), results.Count);
        Assert.All(
            results,
            result => Assert.True(result.RatioToBaseline > 0, $"{result.Name} is {result.ErrorVsReference} off."));
    }

    [Fact]
    public void HasBFloat16_UnlessSaidOtherwise_IsWhatTheProcessorHas() =>
        Assert.Equal(
            RuntimeDescription.OfThisProcess().ProcessorFeatures.Contains("bfloat16"),
            new BenchmarkOptions().HasBFloat16);

    [Fact]
    public void Grow_WithTheTokens_MeasuresLayersOfGrowingSizes()
    {
        var results = SigmaMoEBenchmark.Grow(BenchmarkGrowth.Tokens, Tiny with { Tokens = 32, HasBFloat16 = false });
        Assert.Equal([8, 16, 32, 64, 128], results.Select(result => result.Size!.Value).Distinct());
        Assert.All(results, result => Assert.EndsWith($" N{result.Size}", result.Shape, StringComparison.Ordinal));
        Assert.All(results, result => Assert.StartsWith("forward + backward: ", result.Name, StringComparison.Ordinal));
        Assert.All(results, result => Assert.True(result.RatioToBaseline > 0));
    }

    [Fact]
    public void Run_OfContendersThatDisagree_GivesNoRatio()
    {
        var right = new Contender("right", "float32", _ => { }) { Error = 1e-7, Tolerance = 1e-5 };
        var wrong = new Contender("wrong", "float32", _ => { }) { Error = 1e-4, Tolerance = 1e-5 };
        var noNumber = new Contender("broken", "float32", _ => { }) { Error = double.NaN, Tolerance = 1e-5 };
        var results =
            new Comparison("title", "shape", Tiny) { DenseBFloat16 = right, DenseFloat32 = [right], Baseline = right }
            .Run([right, wrong, noNumber], default);
        Assert.NotNull(results[0].RatioToBaseline);
        Assert.All(results.Skip(1), result =>
        {
            Assert.Null(result.RatioToBaseline);
            Assert.Null(result.RatioToDenseBf16);
            Assert.Null(result.RatioToDenseFloat32);
        });
    }

    [Fact]
    public void Run_BesideContendersThatDisagree_GivesNoRatioToThem()
    {
        var right = new Contender("right", "float32", _ => { }) { Error = 1e-7, Tolerance = 1e-5 };
        var wrong = new Contender("wrong", "float32", _ => { }) { Error = 1e-4, Tolerance = 1e-5 };
        var result =
            new Comparison("title", "shape", Tiny) { DenseBFloat16 = wrong, DenseFloat32 = [right], Baseline = wrong }
            .Run([right, wrong], default)[0];
        Assert.NotNull(result.RatioToDenseFloat32);
        Assert.Null(result.RatioToDenseBf16);
        Assert.Null(result.RatioToBaseline);
    }

    [Fact]
    public void Run_WithoutSenseInItsSizes_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(
            () => SigmaMoEBenchmark.Run(BenchmarkKind.Layer, Tiny with { Tokens = 0 }));
        Assert.Throws<ArgumentException>(
            () => SigmaMoEBenchmark.Run(BenchmarkKind.Layer, Tiny with { ActiveExperts = 9 }));
    }

    [Fact]
    public void Run_WhenCancelled_Throws() => Assert.Throws<OperationCanceledException>(
        () => SigmaMoEBenchmark.Run(BenchmarkKind.AdamW, Tiny, new CancellationToken(canceled: true)));

    // Attention in one step has a kernel or not.
    private static int Missing(ScalarType type) => AttentionKernels.Of(type) is null ? 1 : 0;
}
