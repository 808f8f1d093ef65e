using System.Globalization;

namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>Compares numbers as the tests do: the largest difference against the largest number.</summary>
internal static class Closeness
{
    /// <summary>Finds the worst element.</summary>
    /// <returns>What is wrong, or null where all differences are at most tolerance · max(1, max |wanted|).</returns>
    public static string? Fault(string name, ReadOnlySpan<double> wanted, ReadOnlySpan<float> got, double tolerance)
    {
        var (largest, worst, difference) = (1.0, 0, -1.0);
        for (var i = 0; i < wanted.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(wanted[i]));
            var here = Math.Abs(wanted[i] - got[i]);
            if (!(here <= difference))
            {
                (worst, difference) = (i, double.IsNaN(here) ? double.PositiveInfinity : here);
            }
        }

        return difference <= tolerance * largest ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"{name}[{worst}] is {got[worst]:G6}, expected {wanted[worst]:G6} within {tolerance * largest:G2}");
    }
}
