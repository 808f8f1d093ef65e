using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>One way to do what a benchmark measures.</summary>
/// <param name="Name">What reports call it.</param>
/// <param name="Precision">The number type of its multiplications.</param>
/// <param name="Run">Does it once; gets the repetition, by which it chooses its input.</param>
internal sealed record Contender(string Name, string Precision, Action<int> Run)
{
    /// <summary>Gets the distance from the reference, or null where there is none.</summary>
    public double? Error { get; init; }

    /// <summary>Gets the distance above which it has no ratios.</summary>
    public double Tolerance { get; init; } = double.PositiveInfinity;

    /// <summary>Gets what reports call a number type.</summary>
    public static string Word(ScalarType type) => type == ScalarType.Float32 ? "float32" : "bfloat16";

    /// <summary>Gets whether its result is the reference's, as far as its precision goes.</summary>
    public bool Agrees => Error is not { } error || error <= Tolerance;
}
