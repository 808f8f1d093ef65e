using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Matrix multiplication in the compute type over float32 master weights.</summary>
/// <param name="computeType">float32, bfloat16 or float16.</param>
/// <param name="frozen">Keeps weights in the forms that products read where they do not change.</param>
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
    /// Gets the fastest way to compute x · weightᵀ in the compute type. What has to be made of the weight first is made
    /// once, in the caller's scope.
    /// </summary>
    /// <param name="x">
    /// Any leading dimensions, then [inputs]; as many rows as will be multiplied, or the most of several times.
    /// </param>
    /// <param name="weight">[outputs, inputs], float32.</param>
    public Func<Tensor, Tensor> By(Tensor x, Tensor weight)
    {
        if (Own(x, weight) is { } own)
        {
            return own;
        }

        var rounded = Rounded(weight);
        return rows => nn.functional.linear(rows.to(computeType), rounded);
    }

    /// <summary>Computes x · weightᵀ in the compute type.</summary>
    /// <param name="x">Any leading dimensions, then [inputs].</param>
    /// <param name="weight">[outputs, inputs], float32.</param>
    public Tensor Apply(Tensor x, Tensor weight) => By(x, weight)(x);

    /// <summary>Computes x · weightᵀ + bias; the product in the compute type, the sum and result in float32.</summary>
    public Tensor Apply(Tensor x, Tensor weight, Tensor? bias) =>
        computeType == ScalarType.Float32
            ? Expand(x, weight, bias)
            : Shifted(Apply(x, weight).to(ScalarType.Float32), bias);

    /// <summary>
    /// Computes x · weightᵀ + bias, all in the compute type: one pass over a wide result where
    /// <see cref="Apply(Tensor, Tensor, Tensor?)"/> takes three.
    /// </summary>
    public Tensor Expand(Tensor x, Tensor weight, Tensor? bias) =>
        Own(x, weight) is { } own
            ? Shifted(own(x), bias?.to(computeType))
            : nn.functional.linear(x.to(computeType), Rounded(weight), bias?.to(computeType));

    // Without a gradient: kept tiles, or the weight as it is stored. Null where libtorch's product is the way.
    private Func<Tensor, Tensor>? Own(Tensor x, Tensor weight)
    {
        if (!FusedKernels.AreAllowed)
        {
            return null;
        }

        if (PairMatrix.Takes(weight, computeType, x.numel() / weight.size(1))
            && frozen.Keep(weight, () => new PairMatrix(weight)) is { } packed)
        {
            return packed.Multiply;
        }

        return FewRows.Take(x, weight, computeType) ? rows => FewRows.Multiply(rows, weight).to(computeType) : null;
    }

    private static Tensor Shifted(Tensor product, Tensor? bias) => bias is null ? product : product.Plus(bias);
}
