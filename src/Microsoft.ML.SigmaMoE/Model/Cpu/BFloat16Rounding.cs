using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Converts between float32 and bfloat16, which is the upper half of a float32, rounded to nearest even.
/// </summary>
internal static unsafe class BFloat16Rounding
{
    /// <summary>Rounds <paramref name="source"/> into <paramref name="target"/>.</summary>
    public static void Round(ReadOnlySpan<float> source, Span<ushort> target)
    {
        var place = 0;
        for (; place <= source.Length - 32; place += 32)
        {
            var low = Vector512.Create(source[place..]);
            var high = Vector512.Create(source[(place + 16)..]);
            Narrow(low, high).CopyTo(target[place..]);
        }

        for (; place < source.Length; place++)
        {
            target[place] = Round(source[place]);
        }
    }

    /// <summary>Rounds one number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Round(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>Rounds thirty-two numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<ushort> Narrow(Vector512<float> low, Vector512<float> high) =>
        Upper(Rounded(low.AsUInt32()), Rounded(high.AsUInt32()));

    /// <summary>
    /// Rounds two rows of thirty-two numbers, as they are and with the second above the first in pairs.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Narrow(
        Vector512<float> x0, Vector512<float> x1, Vector512<float> y0, Vector512<float> y1, ushort* x, ushort* y,
        uint* pairs)
    {
        var (a0, a1) = (Rounded(x0.AsUInt32()), Rounded(x1.AsUInt32()));
        var (b0, b1) = (Rounded(y0.AsUInt32()), Rounded(y1.AsUInt32()));
        Upper(a0, a1).Store(x);
        Upper(b0, b1).Store(y);
        var above = Vector512.Create(0xFFFF0000u);
        ((a0 >> 16) | (b0 & above)).Store(pairs);
        ((a1 >> 16) | (b1 & above)).Store(pairs + 16);
    }

    /// <summary>Widens <paramref name="source"/> into <paramref name="target"/>.</summary>
    public static void Widen(ReadOnlySpan<ushort> source, Span<float> target)
    {
        var place = 0;
        for (; place <= source.Length - 16; place += 16)
        {
            Widen(Vector256.Create(source[place..])).CopyTo(target[place..]);
        }

        for (; place < source.Length; place++)
        {
            target[place] = Widen(source[place]);
        }
    }

    /// <summary>Widens one number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Widen(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);

    /// <summary>Widens sixteen numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Widen(Vector256<ushort> values) =>
        (Vector512.WidenLower(values.ToVector512()) << 16).AsSingle();

    // The rounded number stands in the upper half.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Rounded(Vector512<uint> bits) =>
        bits + Vector512.Create(0x7FFFu) + ((bits >> 16) & Vector512.Create(1u));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ushort> Upper(Vector512<uint> low, Vector512<uint> high) => Avx512BW.IsSupported
        ? Avx512BW.PermuteVar32x16x2(
            low.AsUInt16(), Vector512<ushort>.Indices * 2 + Vector512<ushort>.One, high.AsUInt16())
        : Vector512.Narrow(low >> 16, high >> 16);
}
