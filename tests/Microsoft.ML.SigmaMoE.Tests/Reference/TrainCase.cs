using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// A whole training run of the authors' code, from their initial weights: every loss, every rate, the final weights.
/// </summary>
internal static class TrainCase
{
    public static void Run(ReferenceCase reference)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var network = ModelCase.Build(reference, CaseOptions.Model(reference.Settings));
        using var training = Tokens(reference, "train", folder);
        using var validation = Tokens(reference, "valid", folder);
        var evaluator = new Evaluator(network, validation, reference.Settings.Int("batch"));

        CheckValidation(reference, 0, evaluator);
        CheckReports(reference, Train(reference, network, training), network.FeedForward);
        CheckValidation(reference, 1, evaluator);
        CaseWeights.Check(
            reference,
            "out.final.",
            network.named_parameters().Select(p => (p.name, (Tensor?)p.parameter)),
            name => name.Contains("pos_to_pq", StringComparison.Ordinal) ? Tolerances.TrainedPositions : Tolerances.Gradient);
    }

    // Without the rest that fills no segment of every row: the authors drop it.
    private static TokenFile Tokens(ReferenceCase reference, string split, TemporaryFolder folder)
    {
        var tokens = reference[$"in.{split}_tokens"].data<long>().Select(token => (int)token).ToArray();
        var step = reference.Settings.Int("batch") * reference.Settings.Int("unroll");
        var used = (tokens.Length - 1) / step * step;
        return TokenFiles.Create(folder.File(split), reference.Settings.Int("vocab_size"), tokens.AsSpan(0, used + 1));
    }

    // The rate is planned for stop_after steps, of which the case may show only the first.
    private static IReadOnlyList<TrainingProgress> Train(
        ReferenceCase reference, TransformerNetwork network, TokenFile tokens)
    {
        using var cancellation = new CancellationTokenSource();
        var steps = reference.Settings.Int("steps");
        var options = Options(reference) with
        {
            Progress = new Reports(report =>
            {
                if (report.Step == steps)
                {
                    cancellation.Cancel();
                }
            }),
        };
        using var trainer = new Trainer(network, options, tokens);
        var history = trainer.Run(cancellation.Token);
        Assert.Equal(steps, history.Steps);
        return history.Reports;
    }

    private static TrainingOptions Options(ReferenceCase reference)
    {
        var settings = reference.Settings;
        settings.Require("optimiser", "AdamW");
        settings.Require("weight_decay", "0", "0.0");
        var betas = reference.Config.GetProperty("plain").GetProperty("betas");
        return new()
        {
            BatchSize = settings.Int("batch"),
            MaxSteps = settings.Int("stop_after"),
            LearningRate = settings.NumberOr(0.00025, "lr"),
            WarmupSteps = settings.IntOr(0, "warmup_steps"),
            Beta1 = betas[0].GetDouble(),
            Beta2 = betas[1].GetDouble(),
            Epsilon = settings.NumberOr(1e-8, "eps"),
            ClipNorm = settings.NumberOr(0, "grad_clip_norm") is > 0 and var clip ? clip : null,
            Shuffle = false,
            Workers = 1,
            ReportInterval = 1,
            OnCancel = CancellationBehavior.ReturnCurrent,
        };
    }

    private static void CheckReports(
        ReferenceCase reference, IReadOnlyList<TrainingProgress> reports, FeedForwardOptions block)
    {
        Check("out.lr", report => report.LearningRate);
        Check("out.loss", report => report.Loss);
        Check("out.grad_norm", report => report.GradientNorm);
        if (reference.Has("out.reg_loss_weighted"))
        {
            var weight = Assert.IsType<MixtureOfExpertsOptions>(block).Router.BalancingWeight;
            Check("out.reg_loss_weighted", report => report.BalancingLoss);
            Check("out.reg_loss", report => report.BalancingLoss / weight);
        }

        void Check(string name, Func<TrainingProgress, double> value) =>
            reference.Check(name, tensor(reports.Select(value).ToArray()), Tolerances.Forward);
    }

    private static void CheckValidation(ReferenceCase reference, int index, Evaluator evaluator) => reference.Compare(
        reference["out.valid_loss"][index], tensor(evaluator.Run(CancellationToken.None).Loss), Tolerances.Forward,
        "out.valid_loss");
}
