namespace Microsoft.ML.SigmaMoE;

/// <summary>Sizes of tiles are rounded up, so that only a few shapes exist: each costs a compilation per thread.</summary>
internal static class Padding
{
    /// <summary>Gets the least multiple that is not below a count.</summary>
    public static int Up(int count, int multiple) => (count + multiple - 1) / multiple * multiple;
}
