namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Activations of one number in float64, from their definitions; slopes are differences.</summary>
internal static class ScalarActivation
{
    private const double Step = 1e-6;

    public static double Value(Activation activation, double x) => activation switch
    {
        Activation.Relu => Math.Max(0, x),
        Activation.Gelu => x * Normal(x),
        Activation.GeluTanh => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
        Activation.Silu => x / (1 + Math.Exp(-x)),
        _ => throw new ArgumentOutOfRangeException(nameof(activation)),
    };

    public static double Slope(Activation activation, double x) => activation == Activation.Relu
        ? x > 0 ? 1 : 0
        : (Value(activation, x + Step) - Value(activation, x - Step)) / (2 * Step);

    // Φ(x) = ½ + φ(x) (x + x³/3 + x⁵/15 + …), which converges everywhere
    private static double Normal(double x)
    {
        var (term, sum) = (x, x);
        for (var n = 3; n < 400 && Math.Abs(term) > 1e-18; n += 2)
        {
            term *= x * x / n;
            sum += term;
        }

        return 0.5 + sum * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
    }
}
