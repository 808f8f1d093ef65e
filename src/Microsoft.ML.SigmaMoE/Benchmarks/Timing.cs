using System.Diagnostics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What the runs of one contender took, in milliseconds.</summary>
internal sealed record Timing(double LowerQuartile, double Median, double UpperQuartile)
{
    private const int WarmUps = 3;

    // Rounds without which there is no median.
    private const int LeastRounds = 3;

    /// <summary>Gets how long contenders run in all; slow ones get fewer repetitions than were asked for.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);

    /// <summary>Runs contenders in turns, so that whatever else the machine does meets all of them alike.</summary>
    /// <param name="contenders">What is measured.</param>
    /// <param name="repetitions">How often, in the time that <paramref name="patience"/> allows, but at least three times.</param>
    /// <param name="patience">After how long no new round begins; a third of it is for warming up.</param>
    /// <param name="cancellationToken">Looked at before every run.</param>
    public static Timing[] Interleave(
        IReadOnlyList<Contender> contenders, int repetitions, TimeSpan patience, CancellationToken cancellationToken)
    {
        var times = contenders.Select(_ => new List<double>(repetitions)).ToArray();
        var begun = Stopwatch.GetTimestamp();
        for (var repetition = -WarmUps; repetition < repetitions; repetition++)
        {
            var passed = Stopwatch.GetElapsedTime(begun);
            if (repetition >= LeastRounds && passed > patience)
            {
                break;
            }

            if (repetition > -WarmUps && repetition < 0 && passed > patience / 3)
            {
                repetition = 0;
            }

            foreach (var (place, contender) in contenders.Index())
            {
                cancellationToken.ThrowIfCancellationRequested();
                var start = Stopwatch.GetTimestamp();
                contender.Run(repetition + WarmUps);
                var elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                if (repetition >= 0)
                {
                    times[place].Add(elapsed);
                }
            }
        }

        return [.. times.Select(Of)];
    }

    private static Timing Of(List<double> times)
    {
        times.Sort();
        return new(times[times.Count / 4], times[times.Count / 2], times[times.Count * 3 / 4]);
    }
}
