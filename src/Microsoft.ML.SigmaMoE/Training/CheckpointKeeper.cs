namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Writes a training's checkpoints when they are due, and knows which of them are good: what a step did to the weights
/// shows only in the loss that comes after it, so a checkpoint counts once such a loss was a number.
/// </summary>
internal sealed class CheckpointKeeper(TrainingSession session)
{
    private readonly TrainingOptions _options = session.Options;
    private readonly CheckpointFolder? _folder =
        session.Options.CheckpointDirectory is { } directory ? new(directory, session.Options.KeepCheckpoints) : null;

    private long _savedStep;
    private TimeSpan _savedAt;

    /// <summary>Goes on from the latest checkpoint where that is wanted and there is one.</summary>
    public void Open()
    {
        _folder?.Open(session);
        (_savedStep, _savedAt) = (session.State.Step, session.State.Elapsed);
    }

    /// <summary>Writes a checkpoint if one is due.</summary>
    /// <exception cref="IOException">It cannot be written. Those before it are whole.</exception>
    public void Save(TrainingEnd? end)
    {
        var state = session.State;
        var due = end is not null || state.Step % _options.CheckpointInterval == 0
            || state.Elapsed - _savedAt >= _options.CheckpointPeriod;
        if (_folder is not null && due && state.Step != _savedStep)
        {
            Write(_folder);
            (_savedStep, _savedAt) = (state.Step, state.Elapsed);
        }
    }

    /// <summary>Takes note that the weights as they stand gave a loss that is a number.</summary>
    public void Confirm()
    {
        if (_savedStep == session.State.Step)
        {
            _folder?.DeleteOld();
        }
    }

    /// <summary>
    /// Takes a checkpoint with the weights as they stand, which gave no number, out of the way of a resumption, and
    /// says from where to go on.
    /// </summary>
    public string SetBrokenAside()
    {
        if (_folder is null)
        {
            return "There is no checkpoint to go back to (CheckpointDirectory).";
        }

        var broken = _folder.SetAside(session.State.Step) is { } path
            ? $" The weights that led there are kept in {path}, which is not resumed from."
            : "";
        return _folder.Latest is { } good
            ? $"The last good checkpoint is {good}; Resume goes on from it, with another learning rate if you give one.{broken}"
            : $"There is no good checkpoint to go back to.{broken}";
    }

    private void Write(CheckpointFolder folder)
    {
        try
        {
            folder.Write(session);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            var before = folder.Latest is { } latest
                ? $"The one before it is whole: {latest}."
                : "There is none before it.";
            throw new IOException(
                $"The checkpoint of step {session.State.Step} could not be written: {fault.Message} {before} Free disk space "
                + $"or choose another CheckpointDirectory than {_options.CheckpointDirectory}, and train again with Resume.",
                fault);
        }
    }
}
