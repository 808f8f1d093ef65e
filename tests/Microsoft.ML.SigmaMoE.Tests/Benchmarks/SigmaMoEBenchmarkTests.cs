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
    };

    [Theory]
    [InlineData(BenchmarkKind.Layer, 10)]
    [InlineData(BenchmarkKind.Step, 5)]
    [InlineData(BenchmarkKind.Score, 3)]
    [InlineData(BenchmarkKind.Decode, 6)]
    [InlineData(BenchmarkKind.AdamW, 2)]
    [InlineData(BenchmarkKind.Attention, 8)]
    public void Run_OfAnyKind_AgreesWithItsReferenceAndHasRatios(BenchmarkKind kind, int count)
    {
        var results = SigmaMoEBenchmark.Run(kind, Tiny);
        var missing = kind == BenchmarkKind.Layer && !Float32Speed.IsExact ? 2 : 0; // no dense layer over oneDNN
        Assert.Equal(count - missing, results.Count);
        Assert.All(results, result =>
        {
            Assert.True(result.Milliseconds > 0);
            Assert.True(result.LowerQuartile <= result.Milliseconds && result.Milliseconds <= result.UpperQuartile);
            Assert.True(result.RatioToBaseline > 0, $"{result.Name}, {result.Precision}, is {result.ErrorVsReference} off.");
        });
    }

    [Fact]
    public void Run_OfContendersThatDisagree_GivesNoRatio()
    {
        var right = new Contender("right", "float32", _ => { }) { Error = 1e-7, Tolerance = 1e-5 };
        var wrong = new Contender("wrong", "float32", _ => { }) { Error = 1e-4, Tolerance = 1e-5 };
        var noNumber = new Contender("broken", "float32", _ => { }) { Error = double.NaN, Tolerance = 1e-5 };
        var results = new Comparison("title", "shape", Tiny) { DenseBFloat16 = right, DenseFloat32 = [right], Baseline = right }
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
    public void Run_WithoutSenseInItsSizes_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => SigmaMoEBenchmark.Run(BenchmarkKind.Layer, Tiny with { Tokens = 0 }));
        Assert.Throws<ArgumentException>(() => SigmaMoEBenchmark.Run(BenchmarkKind.Layer, Tiny with { ActiveExperts = 9 }));
    }

    [Fact]
    public void Run_WhenCancelled_Throws() => Assert.Throws<OperationCanceledException>(
        () => SigmaMoEBenchmark.Run(BenchmarkKind.AdamW, Tiny, new CancellationToken(canceled: true)));
}
