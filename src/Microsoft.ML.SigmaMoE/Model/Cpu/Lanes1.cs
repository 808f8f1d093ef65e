using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// "Registers" of one number: what is left of a row behind its last whole register, by the same code.
/// </summary>
internal readonly unsafe struct Lanes1 : ILanes<float>
{
    public static int Count => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(float* source) => *source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(ushort* source) => BFloat16Rounding.Widen(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Fill(float value) => value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(float vector, float* target) => *target = vector;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Add(float x, float y) => x + y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Multiply(float x, float y) => x * y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Divide(float x, float y) => x / y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(float x, float y) => MathF.Max(x, y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Larger(float x, float y) => x > y ? x : y;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float WhereAboveZero(float x, float y) => x > 0 ? y : 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MultiplyAdd(float x, float y, float z) => MathF.FusedMultiplyAdd(x, y, z);

    // as the wider registers do it
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (float Rounded, float Power) PowerOfTwo(float n)
    {
        var shifted = n + 12582912f;
        var power = BitConverter.Int32BitsToSingle((BitConverter.SingleToInt32Bits(shifted) + 127) << 23);
        return (shifted - 12582912f, power);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(float vector) => vector;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(float vector) => vector;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Sums(float x, float y, float z, float w) => Vector128.Create(x, y, z, w);
}
