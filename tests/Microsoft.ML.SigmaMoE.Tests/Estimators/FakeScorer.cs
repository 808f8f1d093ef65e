using System.Collections.Concurrent;
using System.Text;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Scores by simple arithmetic, remembers what it was asked for, and refuses to work when disposed.</summary>
internal sealed class FakeScorer : IRowScorer, IDisposable
{
    public const int Layers = 2;
    public const int Experts = 3;

    private readonly ConcurrentQueue<(ReadOnlyMemory<char>[] Rows, ScoreParts Parts)> _calls = [];

    public int FeatureSize => 4;

    public int ExpertLayerCount => Layers;

    public int ExpertCount { get; init; } = Experts;

    public bool IsDisposed { get; private set; }

    /// <summary>Called at the start of each call.</summary>
    public Action OnScore { get; set; } = () => { };

    /// <summary>Gets or sets whether it works until it is cancelled, or for a minute.</summary>
    public bool IsSlow { get; set; }

    public IReadOnlyList<(ReadOnlyMemory<char>[] Rows, ScoreParts Parts)> Calls => [.. _calls];

    public int RowsScored => _calls.Sum(call => call.Rows.Length);

    public RowScore[] Score(
        IReadOnlyList<ReadOnlyMemory<char>> rows, ScoreParts parts, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        OnScore();
        if (IsSlow)
        {
            cancellationToken.WaitHandle.WaitOne(TimeSpan.FromMinutes(1));
            cancellationToken.ThrowIfCancellationRequested();
        }

        _calls.Enqueue(([.. rows], parts));
        return [.. rows.Select(row => Score(row.ToString(), parts))];
    }

    public void Dispose() => IsDisposed = true;

    /// <summary>A word is a token; its log-likelihood is minus its length.</summary>
    public static RowScore Score(string row, ScoreParts parts = (ScoreParts)7)
    {
        var words = row.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new()
        {
            TokenCount = words.Length,
            ByteCount = Encoding.UTF8.GetByteCount(row),
            TokenLogLikelihoods = parts.HasFlag(ScoreParts.LogLikelihoods) ? LogLikelihoods(words) : [],
            Features = parts.HasFlag(ScoreParts.Features) ? Features(row, words) : [],
            ExpertUsage = parts.HasFlag(ScoreParts.ExpertUsage) ? Usage(words) : [],
        };
    }

    private static float[] LogLikelihoods(string[] words) => [.. words.Select(word => -(float)word.Length)];

    private static float[] Features(string row, string[] words) =>
        [row.Length / 100f, words.Length / 10f, row.Count(c => c is 'a' or 'e') / 10f, row.LastOrDefault() / 100f];

    private static float[] Usage(string[] words)
    {
        var usage = new float[Layers * Experts];
        foreach (var word in words)
        {
            usage[word.Length % Experts] += 1f / words.Length;
            usage[Experts + word[0] % Experts] += 1f / words.Length;
        }

        return usage;
    }
}
