using System.Globalization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Keeps the latest checkpoints of one training, each in a folder named after its step. A checkpoint is written under a
/// temporary name and renamed when it is whole.
/// </summary>
internal sealed class CheckpointFolder(string directory, int keep)
{
    private const string Prefix = "step-", TemporarySuffix = ".tmp", BrokenSuffix = ".broken";

    /// <summary>Gets the folder of the checkpoint with the highest step, or null.</summary>
    public string? Latest => All().FirstOrDefault();

    /// <summary>
    /// Makes the directory ready, and goes on from its latest checkpoint where that is wanted and there is one.
    /// </summary>
    /// <exception cref="InvalidOperationException">There are checkpoints that should not be resumed.</exception>
    public void Open(TrainingSession session)
    {
        Directory.CreateDirectory(directory);
        foreach (var leftover in Directory.GetDirectories(directory, $"{Prefix}*{TemporarySuffix}"))
        {
            Directory.Delete(leftover, recursive: true);
        }

        if (Latest is not { } latest)
        {
            return;
        }

        if (!session.Options.Resume)
        {
            throw new InvalidOperationException(
                $"CheckpointDirectory {directory} holds a checkpoint already ({Path.GetFileName(latest)}). "
                + "Set Resume to go on from it, or choose another directory.");
        }

        Checkpoint.Read(latest, session);
    }

    /// <summary>
    /// Writes a checkpoint and deletes those that are too old, but not the one before it: nobody knows yet whether the
    /// new weights are any good.
    /// </summary>
    public void Write(TrainingSession session)
    {
        var path = Path.Combine(directory, $"{Prefix}{session.State.Step:D9}");
        var temporary = $"{path}.{Guid.NewGuid():N}{TemporarySuffix}";
        try
        {
            Directory.CreateDirectory(temporary);
            Checkpoint.Write(temporary, session);
            Delete(path);
            Directory.Move(temporary, path);
        }
        finally
        {
            Delete(temporary);
        }

        Keep(Math.Max(keep, 2));
    }

    /// <summary>Deletes checkpoints that are too old, now that the latest is known to be good.</summary>
    public void DeleteOld() => Keep(keep);

    /// <summary>Renames a step's checkpoint so that it is not resumed from.</summary>
    /// <returns>Where it is now, or null where that step has none.</returns>
    public string? SetAside(long step)
    {
        if (All().FirstOrDefault(folder => StepOf(folder) == step) is not { } path)
        {
            return null;
        }

        var aside = path + BrokenSuffix;
        Delete(aside);
        Directory.Move(path, aside);
        return aside;
    }

    private void Keep(int count)
    {
        foreach (var old in All().Skip(count).ToArray())
        {
            Delete(old);
        }
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static long? StepOf(string folder) =>
        long.TryParse(
            Path.GetFileName(folder)[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture,
            out var step) ? step : null;

    // Latest first.
    private IEnumerable<string> All() => !Directory.Exists(directory)
        ? []
        : Directory.GetDirectories(directory, $"{Prefix}*")
            .Where(folder => StepOf(folder) is not null && Checkpoint.IsOne(folder))
            .OrderByDescending(StepOf);
}
