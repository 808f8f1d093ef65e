using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Matrix multiplication in the compute type over float32 master weights.</summary>
internal static class MixedLinear
{
    /// <summary>Computes x · weightᵀ in <paramref name="computeType"/>; the result keeps that type.</summary>
    /// <param name="x">Any leading dimensions, then [inputs].</param>
    /// <param name="weight">[outputs, inputs], float32.</param>
    /// <param name="computeType">float32 or bfloat16.</param>
    public static Tensor Apply(Tensor x, Tensor weight, ScalarType computeType) =>
        FewRows.Take(x, weight)
            ? FewRows.Multiply(x, weight).to(computeType)
            : nn.functional.linear(x.to(computeType), weight.to(computeType));

    /// <summary>Computes x · weightᵀ + bias; the product in <paramref name="computeType"/>, the sum and result in float32.</summary>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor bias, ScalarType computeType) =>
        computeType == ScalarType.Float32 && !FewRows.Take(x, weight)
            ? nn.functional.linear(x.to(computeType), weight, bias)
            : Apply(x, weight, computeType).to(ScalarType.Float32).Plus(bias);
}
