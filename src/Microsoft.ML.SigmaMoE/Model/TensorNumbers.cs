using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Arithmetic of tensors and numbers that is safe while other threads collect garbage.</summary>
/// <remarks>
/// TorchSharp 0.107 hands a number to libtorch as a Scalar, whose finaliser frees its native half, and holds on to it
/// no longer than until the native call begins. Where a collection on another thread comes between, libtorch reads
/// freed memory: beside a thread that does nothing but collect, 29 of 1.4 million additions threw. The sum of two
/// tensors is concerned too, for it has a factor of 1. Here every Scalar lives until its call has returned. A test sees
/// to it that nothing else in this library hands a number over.
/// </remarks>
internal static class TensorNumbers
{
    private static readonly Scalar One = 1;

    public static Tensor Full(long[] shape, double value, Device? device = null)
    {
        using Scalar number = value;
        return full(shape, number, dtype: ScalarType.Float32, device: device);
    }

    public static Tensor Range(long start, long stop, long step, ScalarType type, Device device)
    {
        using Scalar first = start;
        using Scalar end = stop;
        using Scalar distance = step;
        return arange(first, end, distance, dtype: type, device: device);
    }

    public static Tensor Plus(this Tensor x, Tensor y) => x.add(y, One);

    public static Tensor Plus(this Tensor x, double y)
    {
        using Scalar number = y;
        return x.add(number, One);
    }

    public static Tensor Times(this Tensor x, double factor)
    {
        using Scalar number = factor;
        return x.mul(number);
    }

    /// <summary>Multiplies whole numbers; a factor with a point would make them float32, which holds 24 bits.</summary>
    public static Tensor TimesWhole(this Tensor x, long factor)
    {
        using Scalar number = factor;
        return x.mul(number);
    }

    public static Tensor Over(this Tensor x, double divisor)
    {
        using Scalar number = divisor;
        return x.div(number);
    }

    /// <summary>Puts <paramref name="value"/> where <paramref name="mask"/> is true.</summary>
    public static Tensor Fill(this Tensor x, Tensor mask, double value)
    {
        using Scalar number = value;
        return x.masked_fill(mask, number);
    }

    public static Tensor Within(this Tensor x, double low, double high)
    {
        using Scalar least = low;
        using Scalar most = high;
        return x.clamp(least, most);
    }

    public static Tensor IsAbove(this Tensor x, double bound)
    {
        using Scalar number = bound;
        return x.gt(number);
    }

    public static Tensor IsBelow(this Tensor x, double bound)
    {
        using Scalar number = bound;
        return x.lt(number);
    }

    /// <summary>x := x + factor · y.</summary>
    public static Tensor AddInPlace(this Tensor x, Tensor y, double factor = 1)
    {
        using Scalar number = factor;
        return x.add_(y, number);
    }

    /// <summary>x := x + y.</summary>
    public static Tensor AddInPlace(this Tensor x, double y)
    {
        using Scalar number = y;
        return x.add_(number, One);
    }

    /// <summary>x := x · factor.</summary>
    public static Tensor MultiplyInPlace(this Tensor x, double factor)
    {
        using Scalar number = factor;
        return x.mul_(number);
    }

    /// <summary>x := low where it is less, high where it is more.</summary>
    public static Tensor ClampInPlace(this Tensor x, double low, double high)
    {
        using Scalar least = low;
        using Scalar most = high;
        return x.clamp_(least, most);
    }

    /// <summary>x := x + factor · y · z.</summary>
    public static Tensor AddProductInPlace(this Tensor x, Tensor y, Tensor z, double factor)
    {
        using Scalar number = factor;
        return x.addcmul_(y, z, number);
    }

    /// <summary>x := x + factor · y / z.</summary>
    public static Tensor AddQuotientInPlace(this Tensor x, Tensor y, Tensor z, double factor)
    {
        using Scalar number = factor;
        return x.addcdiv_(y, z, number);
    }

    /// <summary>Adds row i of <paramref name="rows"/> to row index[i] of <paramref name="x"/>.</summary>
    public static void AddRowsInPlace(this Tensor x, Tensor index, Tensor rows) => x.index_add_(0, index, rows, One);
}
