using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The initial weights of the paper's models (section 5 and appendix B of the paper). L is the number of layers.
/// </summary>
/// <remarks>
/// Large matrices are drawn and scaled in place: what lies between two weights and is freed leaves a hole that the next
/// weight does not fit into, and a fresh model of 72 MB took 165.
/// </remarks>
internal static class WeightInitialization
{
    private const double CutLow = 0.022750131948179195;  // Φ(−2)
    private const double CutHigh = 0.9772498680518208;   // Φ(2)

    /// <summary>Gets sqrt(2 / L), the gain of everything inside a pre-normalised layer.</summary>
    public static double LayerGain(int layerCount) => Math.Sqrt(2.0 / layerCount);

    /// <summary>
    /// Draws a matrix [outputs, inputs] of exactly the standard deviation sqrt(2 / (L · inputs)), cut at two
    /// deviations.
    /// </summary>
    public static Parameter LayerLinear(long outputs, long inputs, BlockContext context) =>
        Owned([outputs, inputs], context.Randomness, () =>
    {
        var weight = TruncatedNormal([outputs, inputs], context.Randomness);
        var target = LayerGain(context.Model.LayerCount) / Math.Sqrt(inputs);
        return weight.MultiplyInPlace(target / weight.std().item<float>());
    });

    /// <summary>Draws normally distributed numbers of standard deviation <paramref name="deviation"/>.</summary>
    public static Parameter Normal(long[] shape, double deviation, Randomness randomness) =>
        Owned(shape, randomness, () => randomness.Normal(shape).MultiplyInPlace(deviation));

    /// <summary>
    /// Draws normally distributed rows, all of the same length, with the deviation over the whole matrix unchanged.
    /// </summary>
    public static Parameter NormalWithEqualRows(long[] shape, double deviation, Randomness randomness) =>
        Owned(shape, randomness, () =>
    {
        var drawn = randomness.Normal(shape).Times(deviation);
        var equal = drawn / drawn.norm(-1, keepdim: true);
        return equal * (drawn.std() / equal.std());
    });

    /// <summary>Draws a mixture's selection matrix, [experts, d_model], as its options say.</summary>
    public static Parameter Selection(MixtureOfExpertsOptions mixture, BlockContext context)
    {
        long[] shape = [mixture.ExpertCount, context.Model.ModelSize];
        var deviation = MixtureGain(mixture, context) / Math.Sqrt(context.Model.ModelSize);
        return mixture.EffectiveInitialization.EqualSelectionRows
            ? NormalWithEqualRows(shape, deviation, context.Randomness)
            : Normal(shape, deviation, context.Randomness);
    }

    /// <summary>Gets the gain of all of a mixture's weights (w).</summary>
    public static double MixtureGain(MixtureOfExpertsOptions mixture, BlockContext context) =>
        LayerGain(context.Model.LayerCount) * Math.Sqrt(mixture.EffectiveInitialization.VarianceScale);

    /// <summary>Draws numbers that are uniform in ±<paramref name="bound"/>.</summary>
    public static Parameter Uniform(long[] shape, double bound, Randomness randomness) =>
        Owned(shape, randomness, () => randomness.Uniform(shape).MultiplyInPlace(2 * bound).AddInPlace(-bound));

    /// <summary>Makes a parameter of equal numbers.</summary>
    public static Parameter Constant(long[] shape, double value, bool requiresGradient = true) =>
        new(TensorNumbers.Full(shape, value).DetachFromDisposeScope(), requiresGradient);

    // Inverse transform: a uniform number between Φ(−2) and Φ(2) becomes a normal one between −2 and 2.
    private static Tensor TruncatedNormal(long[] shape, Randomness randomness)
    {
        var between = randomness.Uniform(shape).MultiplyInPlace(CutHigh - CutLow).AddInPlace(CutLow);
        return between.MultiplyInPlace(2).AddInPlace(-1).erfinv_().MultiplyInPlace(Math.Sqrt(2)).ClampInPlace(-2, 2);
    }

    private static Parameter Owned(long[] shape, Randomness randomness, Func<Tensor> draw)
    {
        using var scope = NewDisposeScope();
        return new Parameter(randomness.Weight(shape, draw).DetachFromDisposeScope());
    }
}
