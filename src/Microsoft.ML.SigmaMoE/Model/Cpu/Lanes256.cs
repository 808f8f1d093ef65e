using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Registers of 8 numbers, as AVX2 has them.</summary>
internal readonly unsafe struct Lanes256 : ILanes<Vector256<float>>
{
    public static int Count => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(ushort* source) =>
        (Vector256.WidenLower(Vector128.Load(source).ToVector256()) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Fill(float value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> vector, float* target) => vector.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> x, Vector256<float> y) => x + y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Multiply(Vector256<float> x, Vector256<float> y) => x * y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Divide(Vector256<float> x, Vector256<float> y) => x / y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Max(Vector256<float> x, Vector256<float> y) => Vector256.Max(x, y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Larger(Vector256<float> x, Vector256<float> y) => Vector256.MaxNative(x, y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> WhereAboveZero(Vector256<float> x, Vector256<float> y) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(x, Vector256<float>.Zero), y, Vector256<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> x, Vector256<float> y, Vector256<float> z) =>
        Vector256.FusedMultiplyAdd(x, y, z);

    // Added to 1.5 · 2²³ a small number loses its fraction, and its integer stands in the lowest bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector256<float> Rounded, Vector256<float> Power) PowerOfTwo(Vector256<float> n)
    {
        var shifted = n + Vector256.Create(12582912f);
        var rounded = shifted - Vector256.Create(12582912f);
        var power = ((shifted.AsInt32() + Vector256.Create(127)) << 23).AsSingle();
        return (rounded, power);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector256<float> vector) => Vector256.Sum(vector);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(Vector256<float> vector)
    {
        var quarter = Vector128.Max(vector.GetLower(), vector.GetUpper());
        return MathF.Max(MathF.Max(quarter[0], quarter[1]), MathF.Max(quarter[2], quarter[3]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Sums(Vector256<float> x, Vector256<float> y, Vector256<float> z, Vector256<float> w)
    {
        if (!Avx.IsSupported)
        {
            return Vector128.Create(Sum(x), Sum(y), Sum(z), Sum(w));
        }

        var xy = (Avx.UnpackLow(x, y) + Avx.UnpackHigh(x, y)).AsDouble();
        var zw = (Avx.UnpackLow(z, w) + Avx.UnpackHigh(z, w)).AsDouble();
        var all = Avx.UnpackLow(xy, zw).AsSingle() + Avx.UnpackHigh(xy, zw).AsSingle();
        return all.GetLower() + all.GetUpper();
    }
}
