using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// x · weightᵀ for so few rows that reading the weights is much of the work: they are read once, as they are stored,
/// without first making a copy of them in another order or number type.
/// </summary>
internal static unsafe class FewRows
{
    // Above it libtorch's blocked product, which packs the weights first, is as fast.
    private const long MostInTiles = 120;
    private const long MostOneByOne = 4;

    // So many rows take no longer than reading the weights for one.
    private const int RowsReadAlike = 4;

    /// <summary>Gets whether this can compute a product, and faster than libtorch.</summary>
    /// <param name="x">[.., inputs].</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="computeType">The number type in which libtorch would multiply.</param>
    public static bool Take(Tensor x, Tensor weight, ScalarType computeType) =>
        !is_grad_enabled() && weight.device_type == DeviceType.CPU && weight.dtype == ScalarType.Float32
        && x.numel() <= Most(computeType) * weight.size(1) && weight.numel() < int.MaxValue / sizeof(float)
            && weight.is_contiguous();

    /// <summary>Gets the most rows of x that are few.</summary>
    public static long Most(ScalarType computeType) =>
        computeType == ScalarType.Float32 && Processor.HasRegisterTiles ? MostInTiles : MostOneByOne;

    /// <summary>Computes x · weightᵀ, [.., outputs], float32.</summary>
    /// <param name="x">[.., inputs], few rows.</param>
    /// <param name="weight">[outputs, inputs], float32.</param>
    public static Tensor Multiply(Tensor x, Tensor weight)
    {
        var (outputs, inputs) = ((int)weight.size(0), (int)weight.size(1));
        using var rows = x.to(ScalarType.Float32).contiguous();                      // [.., inputs]
        var result = empty([.. x.shape[..^1], outputs], dtype: ScalarType.Float32);  // [.., outputs]
        var count = (int)(x.numel() / inputs);
        var from = TensorMemory.Of<float>(rows);
        var by = TensorMemory.Of<float>(weight);
        var to = TensorMemory.Of<float>(result);
        var pieces = CpuWork.Readers(weight.numel() * Math.Max(1, count / RowsReadAlike));
        CpuWork.Run(pieces, pieces, piece =>
        {
            var (first, end) = (outputs * piece / pieces, outputs * (piece + 1) / pieces);
            Multiply(from, count, by + (long)first * inputs, end - first, inputs, to + first, outputs);
        });
        return result;
    }

    private static void Multiply(float* x, int rows, float* weight, int outputs, int inputs, float* y, int stride)
    {
        if (!Processor.HasRegisterTiles)
        {
            OneByOne(x, rows, weight, outputs, inputs, y, stride);
        }
        else if (Vector512.IsHardwareAccelerated)
        {
            DotTiles<Lanes512, Vector512<float>>.Multiply(x, rows, inputs, weight, outputs, inputs, y, stride);
        }
        else
        {
            DotTiles<Lanes256, Vector256<float>>.Multiply(x, rows, inputs, weight, outputs, inputs, y, stride);
        }
    }

    // some weights at a time, which stay in the cache for the next row
    private static void OneByOne(float* x, int rows, float* weight, int outputs, int inputs, float* y, int stride)
    {
        for (var block = 0; block < outputs; block += 64)
        {
            for (var row = 0; row < rows; row++)
            {
                RowProducts.Dot(
                    weight + (long)block * inputs, Math.Min(64, outputs - block), inputs, x + (long)row * inputs,
                    y + (long)row * stride + block);
            }
        }
    }
}
