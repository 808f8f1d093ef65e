namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Keeps ratios from falling. Others may use the cores: the best of several tries counts, and the bounds are far below
/// what a quiet machine reaches (docs/performance.md).
/// </summary>
[Collection(Alone.Name)]
public sealed class SpeedTests
{
    private const int Tries = 6;

    private static readonly BenchmarkOptions Sizes = new()
    {
        ModelSize = 256,
        ExpertCount = 16,
        ExpertSize = 64,
        ActiveExperts = 2,
        Tokens = 1024,
        Repetitions = 7,
    };

    [Fact]
    public void Layer_InFloat32_IsFasterThanDense()
    {
        Assert.SkipUnless(Float32ExpertBackend.IsAvailable, "This processor has no fused float32 kernel.");
        AssertReaches(
            1.5, BenchmarkKind.Layer, "forward + backward: σ-MoE", "float32", result => result.RatioToDenseFloat32);
    }

    [Fact]
    public void Layer_InBFloat16_IsFasterThanDense()
    {
        Assert.SkipUnless(Brgemm.IsAvailable, "This processor has no fused bfloat16 kernel.");
        AssertReaches(
            1.3, BenchmarkKind.Layer, "forward + backward: σ-MoE", "bfloat16", result => result.RatioToDenseBf16);
    }

    // Blocks as small as Sizes are calls more than weights, and dense ones stay in the cache: 1.6 to 2.2 on one
    // machine.
    [Fact]
    public void Decode_OfOneToken_IsFasterThanDense() => AssertReaches(
        2, BenchmarkKind.Decode, "one token, 8 blocks: σ-MoE", "float32", result => result.RatioToDenseFloat32,
        new BenchmarkOptions { ModelSize = 512, Repetitions = 15 });

    [Fact]
    public void Generation_AfterThousandsOfTokens_IsAsFastAsAtTheStart() => AssertReaches(
        0.5, BenchmarkKind.Decode, "16 generated tokens, 4 layers: after 4000 tokens", "float32",
        result => result.RatioToBaseline);

    private static void AssertReaches(
        double bound, BenchmarkKind kind, string name, string precision, Func<BenchmarkResult, double?> ratio,
        BenchmarkOptions? options = null)
    {
        var best = 0.0;
        for (var attempt = 0; attempt < Tries && best < bound; attempt++)
        {
            var result = SigmaMoEBenchmark.Run(kind, options ?? Sizes).Single(
                one => one.Name == name && one.Precision == precision);
            best = Math.Max(best, ratio(result) ?? 0);
        }

        Assert.True(best >= bound, $"{name}, {precision}: the ratio is {best:F2} at best, which is below {bound}.");
    }
}
