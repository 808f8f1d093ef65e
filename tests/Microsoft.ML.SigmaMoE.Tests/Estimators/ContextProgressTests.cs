using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ContextProgressTests
{
    private static readonly TrainingProgress Progress = new()
    {
        Step = 120,
        MaxSteps = 2000,
        Epoch = 3,
        Tokens = 4096,
        Loss = 2.5,
        LearningRate = 0.001,
        GradientNorm = 0.5,
        TokensPerSecond = 1234.4,
        Remaining = new TimeSpan(1, 2, 3),
        ExpertEntropy = [0.97, 0.5],
        DeadExperts = [0, 2],
        ValidationLoss = 2.25,
    };

    [Fact]
    public void Report_FullProgress_IsOneLineOfTheLog()
    {
        Assert.Equal(
            "Step 120 of 2000: loss 2.5000, perplexity 12.1825, learning rate 0.001, gradient norm 0.5, 1234 tokens/s, "
            + "validation loss 2.2500, expert entropy 97.0 50.0 %, dead experts 0 2, 01:02:03 left",
            LogLine(Progress));
    }

    [Fact]
    public void Report_WhatIsNotKnown_IsLeftOut() => Assert.Equal(
        "Step 1: loss 0.0000, perplexity 1, learning rate 0, gradient norm 0, 0 tokens/s",
        LogLine(new() { Step = 1, Loss = 0 }));

    [Fact]
    public void Report_OfATrainingInFloat16_TellsItsScale() => Assert.EndsWith(
        "0 tokens/s, loss scale 32768, 1 steps skipped",
        LogLine(new() { Step = 1, Loss = 0, LossScale = 32768, SkippedSteps = 1 }),
        StringComparison.Ordinal);

    [Fact]
    public void Report_GoesToTheProgressChannel()
    {
        using var output = new StringWriter();
        var environment = new ConsoleEnvironment(outWriter: output);
        Report(environment, Progress);
        environment.PrintProgress();
        Assert.Contains(
            "3 epochs, 120/2000 steps, 4096 tokens\tLoss: 2.5\t", output.ToString(), StringComparison.Ordinal);
        string[] wanted =
        [
            "Perplexity: 12.18249", "Validation Loss: 2.25", "Balancing Loss: 0", "Learning Rate: 0.001",
            "Gradient Norm: 0.5",
            "Tokens Per Second: 1234.4", "Seconds Left: 3723", "Expert Entropy 1: 0.97", "Expert Entropy 2: 0.5",
            "Dead Experts 1: 0", "Dead Experts 2: 2",
        ];
        Assert.All(wanted, text => Assert.Contains(text, output.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void Progress_AskedForMeanwhile_IsThatOfTheLastReport()
    {
        using var output = new StringWriter();
        var environment = new ConsoleEnvironment(outWriter: output);
        using var progress = new ContextProgress(environment.Register("test"), null);
        progress.Report(Progress with { ValidationLoss = null });
        environment.PrintProgress();
        var told = output.ToString().Length;
        for (var i = 0; i < 100; i++)
        {
            environment.PrintProgress();    // with nothing new to print: dots, then how far everything is
        }

        Assert.Contains("120/2000 steps, 4096 tokens\tLoss: 2.5", output.ToString()[told..], StringComparison.Ordinal);
    }

    [Fact]
    public void Report_GoesToTheNext()
    {
        var reports = new List<TrainingProgress>();
        Report(new MLContext(), Progress, new Reports(reports.Add));
        Assert.Same(Progress, Assert.Single(reports));
    }

    private static string LogLine(TrainingProgress value)
    {
        var lines = new List<string>();
        var context = new MLContext();
        context.Log += (_, message) => lines.Add(message.Kind == ChannelMessageKind.Info ? message.RawMessage : "");
        Report(context, value);
        return Assert.Single(lines, line => line.Length > 0);
    }

    private static void Report(
        IHostEnvironment environment, TrainingProgress value, IProgress<TrainingProgress>? next = null)
    {
        using var progress = new ContextProgress(environment.Register("test"), next);
        progress.Report(value);
    }
}
