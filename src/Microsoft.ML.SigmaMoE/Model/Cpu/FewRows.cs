using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// x · weightᵀ for so few rows that reading the weights is all the work: each row of the weights is read once, as it is
/// stored, without first making a copy in another number type.
/// </summary>
internal static unsafe class FewRows
{
    /// <summary>The most rows of x: above it libtorch's blocked multiplication is faster.</summary>
    public const long Most = 4;

    /// <summary>Gets whether this can compute a product.</summary>
    public static bool Take(Tensor x, Tensor weight) =>
        !is_grad_enabled() && weight.device_type == DeviceType.CPU && weight.dtype == ScalarType.Float32
        && x.numel() <= Most * weight.shape[1] && weight.numel() < int.MaxValue / sizeof(float) && weight.is_contiguous();

    /// <summary>Computes x · weightᵀ, [.., outputs], float32.</summary>
    /// <param name="x">[.., inputs], few rows.</param>
    /// <param name="weight">[outputs, inputs], float32.</param>
    public static Tensor Multiply(Tensor x, Tensor weight)
    {
        var (outputs, inputs) = ((int)weight.shape[0], (int)weight.shape[1]);
        using var rows = x.to(ScalarType.Float32).contiguous();                    // [.., inputs]
        var result = empty([.. x.shape[..^1], outputs], dtype: ScalarType.Float32);  // [.., outputs]
        var count = (int)(x.numel() / inputs);
        var from = TensorMemory.Of<float>(rows);
        var by = TensorMemory.Of<float>(weight);
        var to = TensorMemory.Of<float>(result);
        var pieces = CpuWork.Readers(weight.numel());
        CpuWork.Run(pieces, pieces, piece =>
        {
            var (first, end) = (outputs * piece / pieces, outputs * (piece + 1) / pieces);
            for (var block = first; block < end; block += 64)
            {
                for (var row = 0; row < count; row++)
                {
                    RowProducts.Dot(
                        by + (long)block * inputs, Math.Min(64, end - block), inputs, from + (long)row * inputs,
                        to + (long)row * outputs + block);
                }
            }
        });
        return result;
    }
}
