using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// An activation and its derivative, element by element, in float32 inside and the input's type outside.
/// </summary>
internal abstract class ActivationFunction
{
    private static readonly ActivationFunction Relu = new ReluFunction();
    private static readonly ActivationFunction Gelu = new GeluFunction();
    private static readonly ActivationFunction GeluTanh = new GeluTanhFunction();
    private static readonly ActivationFunction Silu = new SiluFunction();

    /// <summary>Gets the function of a name.</summary>
    public static ActivationFunction Of(Activation activation) => activation switch
    {
        Activation.Relu => Relu,
        Activation.Gelu => Gelu,
        Activation.GeluTanh => GeluTanh,
        Activation.Silu => Silu,
        _ => throw new ArgumentOutOfRangeException(
            nameof(activation), activation, $"There is no activation {activation}."),
    };

    /// <summary>Computes φ(x).</summary>
    public virtual Tensor Apply(Tensor x) => Value(x.to(ScalarType.Float32)).to(x.dtype);

    /// <summary>Computes φ′(x), float32.</summary>
    public virtual Tensor Derivative(Tensor x) => Slope(x.to(ScalarType.Float32));

    protected abstract Tensor Value(Tensor x);

    protected abstract Tensor Slope(Tensor x);

    private sealed class ReluFunction : ActivationFunction
    {
        public override Tensor Apply(Tensor x) => x.relu();

        public override Tensor Derivative(Tensor x) => x.IsAbove(0).to(ScalarType.Float32);

        protected override Tensor Value(Tensor x) => x.relu();

        protected override Tensor Slope(Tensor x) => Derivative(x);
    }

    private sealed class GeluFunction : ActivationFunction
    {
        protected override Tensor Value(Tensor x) => x * Distribution(x);

        // Φ(x) + x · exp(−x²/2) / √(2π)
        protected override Tensor Slope(Tensor x) =>
            Distribution(x).Plus(x * (x * x).Times(-0.5).exp().Over(Math.Sqrt(2 * Math.PI)));

        private static Tensor Distribution(Tensor x) => x.Over(Math.Sqrt(2)).erf().Plus(1).Times(0.5);
    }

    private sealed class GeluTanhFunction : ActivationFunction
    {
        private const double Cubic = 0.044715;
        private static readonly double Factor = Math.Sqrt(2 / Math.PI);

        protected override Tensor Value(Tensor x) => x.Times(0.5) * Bent(x).Plus(1);

        // ½ (1 + t) + ½ x (1 − t²) √(2/π) (1 + 3 · 0.044715 x²), t the hyperbolic tangent
        protected override Tensor Slope(Tensor x)
        {
            var bent = Bent(x);
            var inner = (x * x).Times(3 * Cubic).Plus(1).Times(Factor);
            var sloped = x * (bent * bent).Times(-1).Plus(1) * inner;
            return bent.Plus(1).Plus(sloped).Times(0.5);
        }

        private static Tensor Bent(Tensor x) => x.Plus((x * x * x).Times(Cubic)).Times(Factor).tanh();
    }

    private sealed class SiluFunction : ActivationFunction
    {
        protected override Tensor Value(Tensor x) => x * x.sigmoid();

        // σ(x) (1 + x (1 − σ(x)))
        protected override Tensor Slope(Tensor x)
        {
            var gate = x.sigmoid();
            return gate * (x * gate.Times(-1).Plus(1)).Plus(1);
        }
    }
}
