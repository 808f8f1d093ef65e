using System.Collections.Concurrent;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Keeps what was computed of a view's rows, window by window, so that a trainer that reads its data a hundred times
/// has it computed once. A window is kept as soon as it is computed: a pass that is abandoned leaves a beginning, and
/// passes that run at the same time share their work.
/// </summary>
/// <param name="memoryLimit">The most bytes to keep in memory.</param>
/// <param name="file">Takes the windows that no longer fit.</param>
/// <param name="warn">Told, once, that the file cannot be written and windows are computed again.</param>
internal sealed class ScoreCache(long memoryLimit, ScoreFile file, Action<string> warn)
{
    private readonly ConcurrentDictionary<int, Entry> _windows = [];
    private long _memory;
    private int _fileFaults;

    /// <summary>Gets a window's rows with at least <paramref name="parts"/>.</summary>
    /// <param name="window">The window's number.</param>
    /// <param name="parts">What of the scores is needed.</param>
    /// <param name="compute">Computes parts of the window's rows; called only for what is missing.</param>
    public ScoredRow[] GetOrAdd(int window, ScoreParts parts, Func<ScoreParts, ScoredRow[]> compute)
    {
        var entry = _windows.GetOrAdd(window, _ => new());
        lock (entry.Gate)
        {
            if (Load(entry) is not { } kept)
            {
                return Store(entry, compute(parts), parts);
            }

            var missing = parts & ~entry.Parts;
            return missing == ScoreParts.None
                ? kept
                : Store(entry, Join(kept, compute(missing)), entry.Parts | missing);
        }
    }

    private static ScoredRow[] Join(ScoredRow[] kept, ScoredRow[] added) => kept.Length == added.Length
        ? [.. kept.Zip(added, (row, more) => row.With(more))]
        : throw ScoredRow.InputChanged();

    private ScoredRow[]? Load(Entry entry) => entry.Rows ?? (entry.Place is { } place ? file.Read(place) : null);

    private ScoredRow[] Store(Entry entry, ScoredRow[] rows, ScoreParts parts)
    {
        var size = rows.Sum(row => row.MemorySize);
        var inMemory = Interlocked.Add(ref _memory, size - entry.Size) <= memoryLimit;
        if (!inMemory)
        {
            Interlocked.Add(ref _memory, -size);
        }

        var place = inMemory ? null : TryAppend(rows);
        (entry.Rows, entry.Size, entry.Place) = (inMemory ? rows : null, inMemory ? size : 0, place);
        entry.Parts = parts;
        return rows;
    }

    private (long Start, int Length)? TryAppend(ScoredRow[] rows)
    {
        if (Volatile.Read(ref _fileFaults) > 0)
        {
            return null;
        }

        try
        {
            return file.Append(rows);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (Interlocked.Increment(ref _fileFaults) == 1)
            {
                warn($"Computed columns fit neither into memory nor into a temporary file ({fault.Message}). Each pass "
                    + "over the data computes the rest again; free disk space or set MLContext.TempFilePath.");
            }

            return null;
        }
    }

    private sealed class Entry
    {
        public Lock Gate { get; } = new();

        public ScoreParts Parts { get; set; }

        public ScoredRow[]? Rows { get; set; }

        public long Size { get; set; }

        public (long Start, int Length)? Place { get; set; }
    }
}
