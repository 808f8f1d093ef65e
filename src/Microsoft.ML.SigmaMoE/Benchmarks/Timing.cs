using System.Diagnostics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What the runs of one contender took, in milliseconds.</summary>
internal sealed record Timing(double LowerQuartile, double Median, double UpperQuartile)
{
    // Rounds without which there is no median.
    private const int LeastRounds = 3;

    // .NET compiles a method well only after two times thirty calls, which it counts when nothing new was compiled for
    // a while.
    private const int WarmUps = 100;
    private static readonly TimeSpan WarmUpTime = TimeSpan.FromSeconds(2);

    /// <summary>Runs contenders in turns, so that whatever else the machine does meets all of them alike.</summary>
    /// <param name="contenders">What is measured.</param>
    /// <param name="repetitions">
    /// How often, in the time that <paramref name="patience"/> allows, but at least three times.
    /// </param>
    /// <param name="patience">After how long no new round begins; a twelfth of it is for warming up.</param>
    /// <param name="cancellationToken">Looked at before every run.</param>
    public static Timing[] Interleave(
        IReadOnlyList<Contender> contenders, int repetitions, TimeSpan patience, CancellationToken cancellationToken)
    {
        var times = contenders.Select(_ => new List<double>(repetitions)).ToArray();
        var (begun, round) = (Stopwatch.GetTimestamp(), 0);
        do
        {
            RunEach(contenders, round++, null, cancellationToken);
        }
        while (IsCold(round, Stopwatch.GetElapsedTime(begun), patience));

        for (var counted = 0; counted < repetitions; counted++)
        {
            if (counted >= LeastRounds && Stopwatch.GetElapsedTime(begun) > patience)
            {
                break;
            }

            RunEach(contenders, round++, times, cancellationToken);
        }

        return [.. times.Select(Of)];
    }

    private static bool IsCold(int rounds, TimeSpan passed, TimeSpan patience) =>
        passed < patience / 12 && (rounds < WarmUps || passed < WarmUpTime);

    private static void RunEach(
        IReadOnlyList<Contender> contenders, int round, List<double>[]? times, CancellationToken cancellationToken)
    {
        foreach (var (place, contender) in contenders.Index())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var start = Stopwatch.GetTimestamp();
            contender.Run(round);
            times?[place].Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
    }

    private static Timing Of(List<double> times)
    {
        times.Sort();
        return new(times[times.Count / 4], times[times.Count / 2], times[times.Count * 3 / 4]);
    }
}
