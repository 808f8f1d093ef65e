using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Matrix multiplication in the compute type over float32 master weights.</summary>
/// <param name="computeType">float32 or bfloat16.</param>
/// <param name="frozen">Keeps weights in that type where they do not change.</param>
internal sealed class MixedLinear(ScalarType computeType, FrozenWeights frozen)
{
    /// <summary>Makes one for weights of which nothing is kept.</summary>
    public MixedLinear(ScalarType computeType)
        : this(computeType, new())
    {
    }

    /// <summary>Gets the number type in which matrices are multiplied.</summary>
    public ScalarType Type => computeType;

    /// <summary>Gets a weight in the compute type.</summary>
    public Tensor Rounded(Tensor weight) => frozen.Rounded(weight, computeType);

    /// <summary>
    /// Gets a weight as <see cref="Multiply"/> reads it best for some rows: for few of them a copy is made only where it is kept.
    /// </summary>
    /// <param name="x">Any leading dimensions, then [inputs].</param>
    /// <param name="weight">[outputs, inputs], float32.</param>
    public Tensor FormFor(Tensor x, Tensor weight) =>
        FewRows.Take(x, weight) && !frozen.IsFrozen ? weight : Rounded(weight);

    /// <summary>Computes x · weightᵀ; the result has the compute type.</summary>
    /// <param name="x">Any leading dimensions, then [inputs].</param>
    /// <param name="form">What <see cref="FormFor"/> gave for these or more rows.</param>
    public Tensor Multiply(Tensor x, Tensor form) =>
        FewRows.Take(x, form)
            ? FewRows.Multiply(x, form).to(computeType)
            : nn.functional.linear(x.to(computeType), form.to(computeType));

    /// <summary>Computes x · weightᵀ; the result has the compute type.</summary>
    /// <param name="x">Any leading dimensions, then [inputs].</param>
    /// <param name="weight">[outputs, inputs], float32.</param>
    public Tensor Apply(Tensor x, Tensor weight) => Multiply(x, FormFor(x, weight));

    /// <summary>Computes x · weightᵀ + bias; the product in the compute type, the sum and result in float32.</summary>
    public Tensor Apply(Tensor x, Tensor weight, Tensor? bias) =>
        bias is not null && computeType == ScalarType.Float32 && !FewRows.Take(x, weight)
            ? nn.functional.linear(x.to(computeType), weight, bias)
            : Shifted(Apply(x, weight).to(ScalarType.Float32), bias);

    /// <summary>Computes x · weightᵀ + bias for few rows that <see cref="FewRows"/> takes, all in float32 but the kept weight.</summary>
    public Tensor Decode(Tensor x, Tensor weight, Tensor? bias) => Shifted(FewRows.Multiply(x, FormFor(x, weight)), bias);

    private static Tensor Shifted(Tensor product, Tensor? bias) => bias is null ? product : product.Plus(bias);
}
