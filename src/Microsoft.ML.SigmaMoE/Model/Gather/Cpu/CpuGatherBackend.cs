using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Sums on any processor with AVX-512 or AVX2, in managed code alone. Values are read where they lie, in the gradient
/// by them sorted by value: nothing of size tokens · J · width is ever stored. Results never change from run to run.
/// </summary>
internal sealed class CpuGatherBackend : IGatherBackend
{
    public string Name => "products of a sparse matrix";

    /// <summary>Gets whether this backend can compute the given inputs.</summary>
    public static bool Takes(in GatherInputs inputs) =>
        inputs.Values.device_type == DeviceType.CPU && SparseProducts.Take(inputs.Values.size(1))
        && inputs.Values.dtype is ScalarType.Float32 or ScalarType.BFloat16
        && Math.Max(
            inputs.Chosen.numel(), Math.Max(inputs.Values.numel(), inputs.Chosen.size(0) * inputs.Values.size(1)))
            < int.MaxValue / sizeof(float);

    public Tensor Sum(in GatherInputs inputs)
    {
        using var scope = NewDisposeScope();
        return SparseProducts.Sum(Matrix(inputs), inputs.Values.contiguous()).MoveToOuterDisposeScope();
    }

    public Tensor ByWeights(Tensor gradient, in GatherInputs inputs)
    {
        using var scope = NewDisposeScope();
        var products = SparseProducts.Dots(Matrix(inputs), gradient.contiguous(), inputs.Values.contiguous());
        return products.view(inputs.Chosen.shape).MoveToOuterDisposeScope();
    }

    public Tensor ByValues(Tensor gradient, in GatherInputs inputs)
    {
        using var scope = NewDisposeScope();
        return SparseProducts.Sum(Matrix(inputs).Transposed(), gradient.contiguous()).MoveToOuterDisposeScope();
    }

    private static SparseMatrix Matrix(in GatherInputs inputs) =>
        SparseMatrix.OfChoices(inputs.Weights, inputs.Chosen, (int)inputs.Values.size(0));
}
