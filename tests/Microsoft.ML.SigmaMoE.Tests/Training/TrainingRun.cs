using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// A tiny network and two tiny texts that can be learned, ready to be trained. Everything goes with it.
/// </summary>
internal sealed class TrainingRun : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    private readonly ComputePrecision _precision;

    public TrainingRun(
        ModelOptions? model = null,
        FeedForwardOptions? feedForward = null,
        int textLength = 1000,
        Precision precision = Precision.Float32,
        ComputePrecision? compute = null)
    {
        _precision = compute ?? ComputePrecision.Of(precision, CPU);
        Model = model ?? TinyModel.Model;
        FeedForward = feedForward ?? TinyModel.Experts;
        Network = TinyModel.Network(FeedForward, Model, compute: _precision);
        Text = TokenFiles.CreateLearnable(Folder.File("training"), textLength);
        Validation = TokenFiles.CreateLearnable(Folder.File("validation"), 300, seed: 8);
    }

    public static TrainingOptions Options { get; } = new()
    {
        BatchSize = 4,
        MaxSteps = 40,
        LearningRate = 0.02,
        WarmupSteps = 5,
        ReportInterval = 3,
        EvaluationInterval = 10,
        Seed = 3,
    };

    public TemporaryFolder Folder { get; } = new();

    public ModelOptions Model { get; }

    public FeedForwardOptions FeedForward { get; }

    public TransformerNetwork Network { get; private set; }

    public TokenFile Text { get; }

    public TokenFile Validation { get; }

    public TrainingResult Train(TrainingOptions options, CancellationToken cancellationToken = default)
    {
        using var trainer = new Trainer(Network, options, Text, Validation);
        return trainer.Run(cancellationToken);
    }

    /// <summary>Trains until a step is done, and cancels.</summary>
    public TrainingResult TrainUntil(long step, TrainingOptions options)
    {
        using var cancellation = new CancellationTokenSource();
        var stopping = options with
        {
            ReportInterval = 1,
            Progress = new Reports(report =>
            {
                if (report.Step == step)
                {
                    cancellation.Cancel();
                }
            }),
        };
        return Train(stopping, cancellation.Token);
    }

    /// <summary>Takes another network, as a new process would.</summary>
    public void StartOver(long seed = 99) =>
        Network = TinyModel.Network(FeedForward, Model, seed: seed, compute: _precision);

    public Dictionary<string, Tensor> Weights() =>
        Network.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.detach().clone());

    public double ValidationLoss() => new Evaluator(Network, Validation, batchSize: 4).Run(CancellationToken.None).Loss;

    public static void AssertSame(
        IReadOnlyDictionary<string, Tensor> expected, IReadOnlyDictionary<string, Tensor> actual) =>
        Assert.All(expected, pair => TensorAssert.Same(pair.Value, actual[pair.Key], pair.Key));

    public void Dispose()
    {
        Text.Dispose();
        Validation.Dispose();
        Network.Dispose();
        Folder.Dispose();
        _scope.Dispose();
    }
}
