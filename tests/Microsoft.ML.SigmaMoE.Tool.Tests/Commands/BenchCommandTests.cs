namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class BenchCommandTests
{
    private const string Sizes =
        "--d-model 16 --experts 2 --expert-size 8 --active-experts 1 --tokens 16 --repetitions 1";
    private static readonly bool HasBFloat16 =
        RuntimeDescription.OfThisProcess().ProcessorFeatures.Contains("bfloat16");

    [Fact]
    public void Bench_OfALayer_SaysWhetherBFloat16IsLeftOut()
    {
        var result = Bench("layer --json");
        Assert.Equal(HasBFloat16, result.Objects.Any(one => one.GetProperty("precision").GetString() == "bfloat16"));
        Assert.Equal(HasBFloat16, result.Objects.All(one => one.TryGetProperty("ratioToDenseBf16", out _)));
        Assert.Equal(!HasBFloat16, result.Errors.StartsWith("bfloat16 is left out", StringComparison.Ordinal));
    }

    [Fact]
    public void Bench_OfTheOptimizer_SaysNothingOfBFloat16() => Assert.Empty(Bench("adamw --json").Errors);

    [Fact]
    public void Bench_OfGrowth_PrintsARowForEachSize()
    {
        var lines = Bench("layer --grow expert-size").Lines.Select(line => line.Trim()).ToArray();
        string[] sizes = ["2 ", "4 ", "8 ", "16 ", "32 "];
        Assert.All(sizes, size => Assert.Single(lines, line => line.StartsWith(size, StringComparison.Ordinal)));
        var head = Assert.Single(lines, line => line.StartsWith("expert-size ", StringComparison.Ordinal));
        Assert.Contains("dense, MKL f32", head, StringComparison.Ordinal);
        Assert.Contains("σ-MoE f32", head, StringComparison.Ordinal);
    }

    [Fact]
    public void Bench_OfAStep_PrintsItsPartsBelowIt()
    {
        var output = Bench("step").Output;
        var parts = output.IndexOf("each part alone", StringComparison.Ordinal);
        Assert.InRange(output.IndexOf("step: σ-MoE, simple", StringComparison.Ordinal), 0, parts);
        Assert.All(
            ["attention with projections × 4", "output layer and loss", "AdamW", "sum", "whole step"],
            part => Assert.True(output.IndexOf($"parts of a step, σ-MoE: {part}", StringComparison.Ordinal) > parts, part));
    }

    [Fact]
    public void Bench_OfGrowthThatThereIsNot_SaysWhatThereIs()
    {
        Tool.Run("bench", "step", "--grow", "tokens").IsMistake("--grow goes with layer");
        Tool.Run("bench", "layer", "--grow", "height").IsMistake("height");
    }

    private static ToolResult Bench(string words) => Tool.Run([.. $"bench {words} {Sizes}".Split(' ')]).Succeeds();
}
