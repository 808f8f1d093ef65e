using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

[Collection(Alone.Name)]
public sealed class StepPartsTests
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
        HasBFloat16 = false,
    };

    private static readonly string[] Names =
    [
        "attention with projections × 4", "feed-forward block × 4", "layer norm × 9", "embedding",
        "output layer and loss",
        "gradient norm", "AdamW", "sum", "whole step",
    ];

    [Fact]
    public void Run_OfBothBlocks_NamesEveryPartAndTheirSharesOfTheWhole()
    {
        using var scope = NewDisposeScope();
        var results = new StepParts(Tiny, [TrainingStep.Batch(Tiny, 1)]).Run(default);
        Assert.Equal(
            from block in (string[])["σ-MoE", "dense"] from name in Names select $"parts of a step, {block}: {name}",
            results.Select(result => result.Name));
        Assert.All(results.Chunk(Names.Length), parts =>
        {
            var (sum, whole) = (parts[^2], parts[^1]);
            Assert.Equal(parts[..^2].Sum(part => part.Milliseconds), sum.Milliseconds, 1e-9);
            Assert.Equal(1, whole.Share);
            Assert.All(parts, part => Assert.Equal(part.Milliseconds / whole.Milliseconds, part.Share!.Value, 1e-9));
        });
    }

    [Fact]
    public void Make_OfPartsThatAStepHasSeveralTimes_RunsThemOnce()
    {
        using var scope = NewDisposeScope();
        using var setups = new Disposables();
        var parts = new StepPartMaker(Tiny, [TrainingStep.Batch(Tiny, 1)], setups).Make(
            Tiny.Mixture, ScalarType.Float32);
        Assert.Equal([4, 4, 9, 1, 1, 1, 1], parts.Select(part => part.Count));
    }

    [Fact]
    public void InAStep_OfWhatAPartTookOnce_IsThatTimesItsCount()
    {
        var contender = new Contender("part", "float32", _ => { });
        var once = new Comparison("parts", "shape", Tiny).Run([contender], default)[0] with
        {
            Milliseconds = 2,
            LowerQuartile = 1,
            UpperQuartile = 3,
        };
        var all = new StepPart(contender, 9).InAStep(once);
        Assert.Equal((18, 9, 27), (all.Milliseconds, all.LowerQuartile, all.UpperQuartile));
        Assert.Equal(once, new StepPart(contender, 1).InAStep(once));
    }
}
