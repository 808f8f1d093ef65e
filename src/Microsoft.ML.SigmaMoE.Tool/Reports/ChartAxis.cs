using System.Globalization;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>An axis from one round number to another.</summary>
/// <param name="Least">Where it begins.</param>
/// <param name="Step">The distance of two ticks.</param>
/// <param name="Count">The number of steps.</param>
internal readonly record struct ChartAxis(double Least, double Step, int Count)
{
    private const int MostSteps = 8;

    public IEnumerable<double> Ticks
    {
        get
        {
            for (var i = 0; i <= Count; i++)
            {
                yield return Least + i * Step;
            }
        }
    }

    /// <summary>Makes an axis that holds all values: steps are 1, 2 or 5 times a power of ten.</summary>
    public static ChartAxis Over(IEnumerable<double> values)
    {
        var (least, most) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var value in values)
        {
            (least, most) = (Math.Min(least, value), Math.Max(most, value));
        }

        // one value alone stands in the middle
        var range = most > least ? most - least : Math.Max(1e-9, Math.Abs(least));
        var step = RoundStep(range / (MostSteps - 1));
        var start = Math.Floor(least / step) * step;
        return new(start, step, Math.Max(1, (int)Math.Ceiling((most - start) / step)));
    }

    /// <summary>Where a value stands, 0 at the beginning and 1 at the end.</summary>
    public double Share(double value) => (value - Least) / (Step * Count);

    /// <summary>Writes a tick: 1500000 as 1.5M.</summary>
    public static string Label(double tick)
    {
        var (scaled, unit) = Math.Abs(tick) switch
        {
            >= 1e9 => (tick / 1e9, "G"),
            >= 1e6 => (tick / 1e6, "M"),
            >= 1e4 => (tick / 1e3, "k"),
            _ => (tick, ""),
        };
        return scaled.ToString("G4", CultureInfo.InvariantCulture) + unit;
    }

    private static double RoundStep(double least)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        return power * (least / power) switch
        {
            <= 1 => 1,
            <= 2 => 2,
            <= 5 => 5,
            _ => 10,
        };
    }
}
