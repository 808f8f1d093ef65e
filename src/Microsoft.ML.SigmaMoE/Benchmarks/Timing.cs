using System.Diagnostics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What the runs of one contender took, in milliseconds.</summary>
internal sealed record Timing(double LowerQuartile, double Median, double UpperQuartile)
{
    private const int WarmUps = 3;

    /// <summary>Runs contenders in turns, so that whatever else the machine does meets all of them alike.</summary>
    public static Timing[] Interleave(IReadOnlyList<Contender> contenders, int repetitions, CancellationToken cancellationToken)
    {
        var times = contenders.Select(_ => new List<double>(repetitions)).ToArray();
        for (var repetition = -WarmUps; repetition < repetitions; repetition++)
        {
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
