using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Whether oneDNN shall multiply float32 matrices: on AMD processors from Zen 5 on, whose 512-bit units MKL leaves
/// idle: 200 and 420 GFLOP/s on two cores, with the same float32 accuracy. (On Zen 4 it is 1.1 times, which compiling
/// for every new number of rows takes back.) On processors with bfloat16 matrix units that choice would round to
/// bfloat16, so one product is compared with float64 first.
/// </summary>
internal static class Float32Speed
{
    /// <summary>Gets whether this is such a processor, and oneDNN's product is exact; measured once.</summary>
    public static readonly Lazy<bool> IsWorthIt = new(() => IsZen5OrLater && IsExact);

    /// <summary>Gets whether oneDNN can be chosen, and its products are as exact as float32 is.</summary>
    public static bool IsExact => Float32Multiplication.IsAdjustable && MeasureError() <= 1e-5;

    /// <summary>Measures the error of one product with oneDNN, relative to the largest number of the result.</summary>
    public static double MeasureError()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var fast = Float32Multiplication.Use("medium");
        var x = TensorNumbers.Range(0, 256 * 256, 1, ScalarType.Float64, CPU).sin().view(256, 256);
        var y = x.cos();
        var wanted = MatrixProduct.Of(
            x.to(ScalarType.Float32).to(ScalarType.Float64), y.to(ScalarType.Float32).to(ScalarType.Float64));
        var difference = MatrixProduct.Of(x.to(ScalarType.Float32), y.to(ScalarType.Float32))
            .to(ScalarType.Float64)
            .sub(wanted);
        return (difference.abs().max() / wanted.abs().max()).item<double>();
    }

    private static bool IsZen5OrLater
    {
        get
        {
            // "AuthenticAMD" begins with these four letters, in EBX; a processor's family stands in two parts of EAX
            if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Ebx != 0x68747541)
            {
                return false;
            }

            var signature = X86Base.CpuId(1, 0).Eax;
            return ((signature >> 8) & 0xF) + ((signature >> 20) & 0xFF) >= 0x1A;
        }
    }
}
