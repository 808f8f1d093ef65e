using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Activations by their formulas.</summary>
internal static class ExactActivation
{
    public static Tensor Apply(Activation activation, Tensor x) => activation switch
    {
        Activation.Relu => x.relu(),
        Activation.Gelu => x * ((x / Math.Sqrt(2)).erf() + 1) / 2,
        Activation.GeluTanh => x * (((x + x.pow(3) * 0.044715) * Math.Sqrt(2 / Math.PI)).tanh() + 1) / 2,
        Activation.Silu => x / ((-x).exp() + 1),
        _ => throw new NotSupportedException(activation.ToString()),
    };
}
