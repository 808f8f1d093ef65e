using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A vector register of float32 numbers. Kernels are written once over this and compiled for each width: the runtime
/// makes an own copy of a generic method for every struct.
/// </summary>
internal unsafe interface ILanes<TVector>
    where TVector : struct
{
    /// <summary>Gets how many numbers a vector holds.</summary>
    static abstract int Count { get; }

    /// <summary>Reads a vector, aligned or not.</summary>
    static abstract TVector Load(float* source);

    /// <summary>Reads a vector from numbers in bfloat16, aligned or not.</summary>
    static abstract TVector Load(ushort* source);

    /// <summary>Makes a vector of equal numbers.</summary>
    static abstract TVector Fill(float value);

    /// <summary>Writes a vector, aligned or not.</summary>
    static abstract void Store(TVector vector, float* target);

    /// <summary>Adds two vectors.</summary>
    static abstract TVector Add(TVector x, TVector y);

    /// <summary>Multiplies two vectors.</summary>
    static abstract TVector Multiply(TVector x, TVector y);

    /// <summary>Divides two vectors.</summary>
    static abstract TVector Divide(TVector x, TVector y);

    /// <summary>Gets the larger of each two numbers.</summary>
    static abstract TVector Max(TVector x, TVector y);

    /// <summary>Gets the larger of each two numbers in one instruction; the second where one is no number.</summary>
    static abstract TVector Larger(TVector x, TVector y);

    /// <summary>Gets y where x is above 0, and 0 elsewhere.</summary>
    static abstract TVector WhereAboveZero(TVector x, TVector y);

    /// <summary>Computes x · y + z with one rounding.</summary>
    static abstract TVector MultiplyAdd(TVector x, TVector y, TVector z);

    /// <summary>
    /// Computes n rounded to an integer, and 2 to that power, for −126 ≤ n ≤ 127; no number where n is none.
    /// </summary>
    static abstract (TVector Rounded, TVector Power) PowerOfTwo(TVector n);

    /// <summary>Adds up the numbers of a vector.</summary>
    static abstract float Sum(TVector vector);

    /// <summary>Gets the largest number of a vector.</summary>
    static abstract float Largest(TVector vector);

    /// <summary>Adds up the numbers of each of four vectors.</summary>
    static abstract Vector128<float> Sums(TVector x, TVector y, TVector z, TVector w);
}
