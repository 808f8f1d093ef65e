using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The range checks that the base class library lacks.</summary>
internal static class OptionChecks
{
    /// <summary>Throws unless 0 ≤ <paramref name="value"/> &lt; 1.</summary>
    public static void ThrowIfNotProbability(
        double value, [CallerArgumentExpression(nameof(value))] string? name = null)
    {
        if (!(value is >= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(
                name, value, $"{name} is {value}; it must be at least 0 and below 1.");
        }
    }

    /// <summary>Throws unless <paramref name="value"/> is one of its enumeration's.</summary>
    public static void ThrowIfNotDefined<T>(T value, [CallerArgumentExpression(nameof(value))] string? name = null)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            var names = string.Join(", ", Enum.GetNames<T>());
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}; it must be one of {names}.");
        }
    }

    /// <summary>Throws unless <paramref name="value"/> is finite and not negative.</summary>
    public static void ThrowIfNotFinite(double value, [CallerArgumentExpression(nameof(value))] string? name = null)
    {
        if (!double.IsFinite(value) || value < 0)
        {
            throw new ArgumentOutOfRangeException(
                name, value, $"{name} is {value}; it must be a finite number, 0 or more.");
        }
    }
}
