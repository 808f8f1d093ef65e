using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Trains a network on a text. The network may be new or trained already; it is the caller's, as are the texts. Without
/// a limit of time two runs on one machine's CPU give the same weights bit by bit, interrupted or not.
/// </summary>
internal sealed class Trainer : IDisposable
{
    private readonly TrainingSession _session;
    private readonly TrainingOptions _options;
    private readonly LearningRateSchedule _schedule;
    private readonly Evaluator? _evaluator;
    private readonly CheckpointKeeper _checkpoints;
    private readonly BreakdownGuard _guard;
    private readonly TrainingWorkers _workers;
    private readonly StepPasses _passes;
    private readonly TimeProvider _clock;
    private long _mark;

    public Trainer(
        TransformerNetwork network, TrainingOptions options, TokenFile tokens, TokenFile? validation = null,
        TimeProvider? clock = null)
    {
        network.ThrowIfFrozen();
        (_session, _options, _clock) =
            (new(network, options, tokens, validation), options, clock ?? TimeProvider.System);
        _schedule = options.Schedule(_session.StepLimit);
        _workers = new(_session.WorkerCount);
        _passes = new(_session, _workers);
        _evaluator = validation is null
            ? null
            : new(network, validation, options.BatchSize, options.Separator(validation), options.EvaluationTokens);
        _checkpoints = new(_session);
        _guard = new(_session, _checkpoints);
    }

    private TrainingState State => _session.State;

    /// <summary>Trains until a limit is reached, the validation loss stops falling, or somebody cancels.</summary>
    /// <exception cref="OperationCanceledException">
    /// It was cancelled, and <see cref="TrainingOptions.OnCancel"/> says to throw.
    /// </exception>
    /// <exception cref="NotFiniteNumberException">
    /// A loss or its gradient is no number any more; the weights are those that gave it.
    /// </exception>
    /// <exception cref="InsufficientMemoryException">Not even one row at a time fits into memory.</exception>
    /// <exception cref="IOException">A checkpoint cannot be written.</exception>
    public TrainingResult Run(CancellationToken cancellationToken = default)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, _options.CancellationToken);
        _checkpoints.Open();
        _mark = _clock.GetTimestamp();
        try
        {
            for (TrainingEnd? end; ; Step())
            {
                end = Measure(ReachedLimit(), cancellation.Token);
                Report(end);
                Save(end);
                if (end is { } reason)
                {
                    _checkpoints.Confirm();
                    return Finish(reason, _options.RestoreBest);
                }

                cancellation.Token.ThrowIfCancellationRequested();
                _options.BeforeStep?.Invoke();
            }
        }
        catch (OperationCanceledException)
        {
            Save(TrainingEnd.Cancelled);
            if (_options.OnCancel == CancellationBehavior.Throw)
            {
                throw;
            }

            return Finish(TrainingEnd.Cancelled, _options.OnCancel == CancellationBehavior.ReturnBest);
        }
    }

    public void Dispose()
    {
        _workers.Dispose();
        _session.Dispose();
    }

    private void Step()
    {
        Tick();
        using var scope = NewDisposeScope();
        _session.Network.train();
        State.LearningRate = _schedule.At(State.Step, TimeShare());
        if (_session.Stream.StartsEpoch)
        {
            _session.ForgetMemories();
        }

        var (loss, routings) = _passes.Run(TokenUpload.To(_session.Stream.Next(), _session.Network.Device)); // [batch, time + 1]
        var norm = GradientNorm.Of(_session.Optimizer.Gradients()) / State.LossFactor;
        _guard.CheckStep(loss, norm);
        if (double.IsFinite(norm))
        {
            _checkpoints.Confirm();
            Move(norm, routings);
        }

        State.LossScale = State.LossScale?.After(norm);
        _session.Optimizer.ClearGradients();
        foreach (var routing in routings.SelectMany(pass => pass))
        {
            routing.Dispose();
        }

        State.Step++;
        State.Interval.Steps++;
        State.Interval.Seconds += Tick();
    }

    private void Move(double gradientNorm, IReadOnlyList<IReadOnlyList<Routing>> routings)
    {
        State.GradientNorm = gradientNorm;
        _session.Optimizer.Step(
            State.LearningRate, GradientNorm.ClipScale(gradientNorm, _options.ClipNorm) / State.LossFactor);
        _session.Network.AfterStep(routings);
    }

    private TrainingEnd? Measure(TrainingEnd? end, CancellationToken cancellationToken)
    {
        var due = State.Step % _options.EvaluationInterval == 0 || end is not null;
        if (_evaluator is not null && due && State.EvaluatedStep != State.Step)
        {
            var loss = Evaluate(_evaluator, cancellationToken);
            _guard.CheckValidation(loss);
            var isBest = State.Measured(loss);
            if (isBest && (_options.RestoreBest || _options.OnCancel == CancellationBehavior.ReturnBest))
            {
                _session.Best.Take(_session.Network);
            }
        }

        if (_evaluator is null && end is not null)
        {
            _guard.CheckWeights();
        }

        return end ?? (State.MeasurementsSinceBest >= _options.EarlyStoppingPatience ? TrainingEnd.StoppedEarly : null);
    }

    private double Evaluate(Evaluator evaluator, CancellationToken cancellationToken)
    {
        var before = evaluator.Streams;
        var loss = evaluator.Run(cancellationToken).Loss;
        if (evaluator.Streams < before)
        {
            _session.Notice = $"Memory ran out in the measurement after step {State.Step}: from now on {evaluator.Streams} streams of the "
                + $"validation text are read side by side instead of {before}, so losses before and after differ a little.";
        }

        return loss;
    }

    private void Report(TrainingEnd? end)
    {
        var due = State.Step % _options.ReportInterval == 0 || State.EvaluatedStep == State.Step || end is not null
            || _session.Notice is not null;
        if (due && State.Interval.Steps > 0)
        {
            var report = _session.TakeReport();
            _options.Progress?.Report(report);
        }
    }

    private void Save(TrainingEnd? end)
    {
        Tick();
        _checkpoints.Save(end);
    }

    private TrainingResult Finish(TrainingEnd end, bool restoreBest)
    {
        restoreBest &= !_session.Best.IsEmpty;
        if (restoreBest)
        {
            _session.Best.PutBack(_session.Network);
        }

        _session.Network.eval();
        return new()
        {
            Reports = [.. State.Reports],
            End = end,
            Steps = State.Step,
            BestValidationLoss = State.BestValidationLoss,
            BestStep = State.BestStep,
            WeightsOfStep = restoreBest ? State.BestStep!.Value : State.Step,
        };
    }

    private TrainingEnd? ReachedLimit() =>
        State.Step >= _session.StepLimit || TimeShare() >= 1 ? TrainingEnd.Finished : null;

    private double TimeShare() => _options.MaxDuration is { } limit ? State.Elapsed / limit : 0;

    // Adds the time since the last call to the training's, and returns it.
    private double Tick()
    {
        var passed = _clock.GetElapsedTime(_mark);
        _mark = _clock.GetTimestamp();
        State.Elapsed += passed;
        return passed.TotalSeconds;
    }
}
