using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LanguageModelTrainingTests : IDisposable
{
    private static readonly LanguageModelOptions Options = new()
    {
        Model = TinyModel.Model with { SegmentLength = 16, MemoryLength = 16 },
        FeedForward = TinyModel.Experts,
        Tokenizer = new ByteTokenizerOptions(),
        Precision = Precision.Float32,
        Training = new() { BatchSize = 4, MaxSteps = 60, LearningRate = 0.02, ValidationFraction = 0.2, EvaluationInterval = 20, Seed = 5 },
    };

    private readonly TemporaryFolder _folder = new();

    private LanguageModelTraining Training => new(CPU, _folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Train_Rows_GivesAModelThatPrefersTheirLikes()
    {
        using var model = Training.Train(Options, Rows("the cat sat on the mat"));
        Assert.True(model.Score("the cat sat").Perplexity < model.Score("tac eht tas").Perplexity / 2);
        Assert.Equal(60, model.History[^1].Step);
        Assert.NotNull(model.History[^1].ValidationLoss);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Train_SameSeed_GivesTheSameModel()
    {
        using var one = Training.Train(Options, Rows("abc"));
        using var same = Training.Train(Options, Rows("abc"));
        using var other = Training.Train(Options with { Training = Options.Training with { Seed = 6 } }, Rows("abc"));
        Assert.Equal(one.Score("abcabc").LogLikelihood, same.Score("abcabc").LogLikelihood);
        Assert.NotEqual(one.Score("abcabc").LogLikelihood, other.Score("abcabc").LogLikelihood);
    }

    [Fact]
    public void Continue_OnNewText_LearnsItAndLeavesTheFirstModelAlone()
    {
        using var first = Training.Train(Options, Rows("the cat sat on the mat"));
        var before = first.Score("numbers 123456").Perplexity;
        using var second = Training.Continue(first, Options.Training, Rows("numbers 123456"));
        Assert.True(second.Score("numbers 123456").Perplexity < before / 4);
        Assert.Equal(before, first.Score("numbers 123456").Perplexity);
    }

    [Fact]
    public void Continue_OnTheSameText_BeginsWithTheLossesOfTheFirstModel()
    {
        using var first = Training.Train(Options, Rows("the cat sat on the mat"));
        var still = Options.Training with { MaxSteps = 20, ReportInterval = 1, LearningRate = 1e-12 };
        using var second = Training.Continue(first, still, Rows("the cat sat on the mat"));
        Assert.InRange(second.History[0].Loss, 0, 2);    // ln 256 = 5.5 without training
        var best = first.History.Min(report => report.ValidationLoss)!.Value;
        Assert.Equal(best, second.History[^1].ValidationLoss!.Value, tolerance: 1e-4);
    }

    [Fact]
    public void Continue_WithNextToNoLearningRate_GivesTheScoresOfTheFirstModel()
    {
        using var first = Training.Train(Options, Rows("the cat sat on the mat"));
        var still = Options.Training with { LearningRate = 1e-12 };
        using var second = Training.Continue(first, still, Rows("numbers 123456"));
        Assert.All(["the cat sat", "numbers"], text =>
            Assert.Equal(1, second.Score(text).LogLikelihood / first.Score(text).LogLikelihood, tolerance: 1e-5));
    }

    [Fact]
    public void Train_TextTooShort_SaysHowMuchIsNeeded()
    {
        var fault = Assert.Throws<ArgumentException>(() => Training.Train(Options, [.. Rows("short").Take(1)]));
        Assert.Contains("at least 65", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Train_Cancelled_Throws()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var options = Options with { Training = Options.Training with { CancellationToken = cancelled.Token } };
        Assert.Throws<OperationCanceledException>(() => Training.Train(options, Rows("abc")));
    }

    private static ReadOnlyMemory<char>[] Rows(string text) => [.. Enumerable.Repeat(text.AsMemory(), 120)];
}
