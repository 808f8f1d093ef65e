using System.Globalization;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>A mean over runs and how far they lie apart.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Deviation">The sample standard deviation; NaN for a single run.</param>
internal readonly record struct Spread(double Mean, double Deviation)
{
    public static Spread Of(IReadOnlyList<double> values)
    {
        var mean = values.Average();
        var squares = values.Sum(value => (value - mean) * (value - mean));
        return new(mean, values.Count > 1 ? Math.Sqrt(squares / (values.Count - 1)) : double.NaN);
    }

    /// <summary>Writes "11.71 ± 0.05", or the mean alone where there was one run.</summary>
    public string ToString(string format)
    {
        var mean = Mean.ToString(format, CultureInfo.InvariantCulture);
        return double.IsNaN(Deviation) ? mean : $"{mean} ± {Deviation.ToString(format, CultureInfo.InvariantCulture)}";
    }
}
