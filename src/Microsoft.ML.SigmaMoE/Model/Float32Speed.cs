using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Lets oneDNN multiply float32 matrices on AMD processors from Zen 5 on, whose 512-bit units MKL leaves idle: 200 and 420
/// GFLOP/s on two cores, with the same float32 accuracy. (On Zen 4 it is 1.1 times, which compiling for every new number of
/// rows takes back.) On processors with bfloat16 matrix units that choice would round to bfloat16, so one product is
/// compared with float64 first. Chosen while a network lives; put back with the last one.
/// </summary>
internal sealed class Float32Speed : IDisposable
{
    private const string Fast = "medium";
    private const string Usual = "highest";
    private const string Setting = "float32_matmul_precision=medium";
    private static readonly Lock Gate = new();
    private static readonly Lazy<bool> IsWorthIt = new(() =>
        ProcessSettings.AreAllowed && IsZen5OrLater && Float32Multiplication.IsAdjustable && IsExact);

    private static int _holders;
    private static bool _isChanged;
    private bool _isHeld = true;

    private Float32Speed()
    {
    }

    /// <summary>Chooses oneDNN where that is faster and nobody has chosen otherwise.</summary>
    public static Float32Speed Hold()
    {
        lock (Gate)
        {
            if (_holders++ == 0 && IsWorthIt.Value && Float32Multiplication.Word == Usual)
            {
                (_isChanged, Float32Multiplication.Word) = (true, Fast);
                ProcessSettings.Report(Setting, isChanged: true);
            }
        }

        return new();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (Gate)
        {
            if (_isHeld && --_holders == 0 && _isChanged)
            {
                _isChanged = false;
                ProcessSettings.Report(Setting, isChanged: false);
                if (Float32Multiplication.Word == Fast)
                {
                    Float32Multiplication.Word = Usual;
                }
            }

            _isHeld = false;
        }
    }

    /// <summary>Gets whether oneDNN can be chosen, and its products are as exact as float32 is.</summary>
    public static bool IsExact => Float32Multiplication.IsAdjustable && MeasureError() <= 1e-5;

    /// <summary>Measures the error of one product with oneDNN, relative to the largest number of the result.</summary>
    public static double MeasureError()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var fast = Float32Multiplication.Use(Fast);
        var x = TensorNumbers.Range(0, 256 * 256, 1, ScalarType.Float64, CPU).sin().view(256, 256);
        var y = x.cos();
        var wanted = MatrixProduct.Of(x.to(ScalarType.Float32).to(ScalarType.Float64), y.to(ScalarType.Float32).to(ScalarType.Float64));
        var difference = MatrixProduct.Of(x.to(ScalarType.Float32), y.to(ScalarType.Float32)).to(ScalarType.Float64).sub(wanted);
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
