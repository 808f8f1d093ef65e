using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One tile of <see cref="DotTiles{TLanes, TVector}"/>: some rows of A by four rows of W. Each of their products has a
/// register of its own from the first numbers to the last, and what it holds is added up at the end. Written out row by
/// row, for a sum in an array is a sum in memory.
/// </summary>
internal static unsafe class DotTile<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    /// <summary>The rows of W of a tile.</summary>
    public const int Outputs = 4;

    /// <summary>Multiplies.</summary>
    /// <param name="height">Rows of A: six, four or two.</param>
    /// <param name="a">Element (0, 0) of A.</param>
    /// <param name="strideA">From one row of A to the next.</param>
    /// <param name="w">Element (0, 0) of four rows of W.</param>
    /// <param name="strideW">From one row of W to the next.</param>
    /// <param name="inner">Numbers of a row: some whole registers.</param>
    /// <param name="c">Element (0, 0) of the result.</param>
    /// <param name="strideC">From one row of the result to the next.</param>
    public static void Multiply(
        int height, float* a, nint strideA, float* w, nint strideW, int inner, float* c, nint strideC)
    {
        switch (height)
        {
            case 6:
                Rows6(a, strideA, w, strideW, inner, c, strideC);
                break;
            case 4:
                Rows4(a, strideA, w, strideW, inner, c, strideC);
                break;
            default:
                Rows2(a, strideA, w, strideW, inner, c, strideC);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows6(float* a, nint strideA, float* w, nint strideW, int inner, float* c, nint strideC)
    {
        var s00 = TLanes.Fill(0);
        var s01 = TLanes.Fill(0);
        var s02 = TLanes.Fill(0);
        var s03 = TLanes.Fill(0);
        var s10 = TLanes.Fill(0);
        var s11 = TLanes.Fill(0);
        var s12 = TLanes.Fill(0);
        var s13 = TLanes.Fill(0);
        var s20 = TLanes.Fill(0);
        var s21 = TLanes.Fill(0);
        var s22 = TLanes.Fill(0);
        var s23 = TLanes.Fill(0);
        var s30 = TLanes.Fill(0);
        var s31 = TLanes.Fill(0);
        var s32 = TLanes.Fill(0);
        var s33 = TLanes.Fill(0);
        var s40 = TLanes.Fill(0);
        var s41 = TLanes.Fill(0);
        var s42 = TLanes.Fill(0);
        var s43 = TLanes.Fill(0);
        var s50 = TLanes.Fill(0);
        var s51 = TLanes.Fill(0);
        var s52 = TLanes.Fill(0);
        var s53 = TLanes.Fill(0);
        var a1 = a + strideA;
        var a2 = a1 + strideA;
        var a3 = a2 + strideA;
        var a4 = a3 + strideA;
        var a5 = a4 + strideA;
        var w1 = w + strideW;
        var w2 = w1 + strideW;
        var w3 = w2 + strideW;
        for (nint i = 0; i < inner; i += TLanes.Count)
        {
            var x0 = TLanes.Load(w + i);
            var x1 = TLanes.Load(w1 + i);
            var x2 = TLanes.Load(w2 + i);
            var x3 = TLanes.Load(w3 + i);
            var v0 = TLanes.Load(a + i);
            s00 = TLanes.MultiplyAdd(v0, x0, s00);
            s01 = TLanes.MultiplyAdd(v0, x1, s01);
            s02 = TLanes.MultiplyAdd(v0, x2, s02);
            s03 = TLanes.MultiplyAdd(v0, x3, s03);
            var v1 = TLanes.Load(a1 + i);
            s10 = TLanes.MultiplyAdd(v1, x0, s10);
            s11 = TLanes.MultiplyAdd(v1, x1, s11);
            s12 = TLanes.MultiplyAdd(v1, x2, s12);
            s13 = TLanes.MultiplyAdd(v1, x3, s13);
            var v2 = TLanes.Load(a2 + i);
            s20 = TLanes.MultiplyAdd(v2, x0, s20);
            s21 = TLanes.MultiplyAdd(v2, x1, s21);
            s22 = TLanes.MultiplyAdd(v2, x2, s22);
            s23 = TLanes.MultiplyAdd(v2, x3, s23);
            var v3 = TLanes.Load(a3 + i);
            s30 = TLanes.MultiplyAdd(v3, x0, s30);
            s31 = TLanes.MultiplyAdd(v3, x1, s31);
            s32 = TLanes.MultiplyAdd(v3, x2, s32);
            s33 = TLanes.MultiplyAdd(v3, x3, s33);
            var v4 = TLanes.Load(a4 + i);
            s40 = TLanes.MultiplyAdd(v4, x0, s40);
            s41 = TLanes.MultiplyAdd(v4, x1, s41);
            s42 = TLanes.MultiplyAdd(v4, x2, s42);
            s43 = TLanes.MultiplyAdd(v4, x3, s43);
            var v5 = TLanes.Load(a5 + i);
            s50 = TLanes.MultiplyAdd(v5, x0, s50);
            s51 = TLanes.MultiplyAdd(v5, x1, s51);
            s52 = TLanes.MultiplyAdd(v5, x2, s52);
            s53 = TLanes.MultiplyAdd(v5, x3, s53);
        }

        TLanes.Sums(s00, s01, s02, s03).Store(c);
        TLanes.Sums(s10, s11, s12, s13).Store(c + strideC);
        TLanes.Sums(s20, s21, s22, s23).Store(c + 2 * strideC);
        TLanes.Sums(s30, s31, s32, s33).Store(c + 3 * strideC);
        TLanes.Sums(s40, s41, s42, s43).Store(c + 4 * strideC);
        TLanes.Sums(s50, s51, s52, s53).Store(c + 5 * strideC);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4(float* a, nint strideA, float* w, nint strideW, int inner, float* c, nint strideC)
    {
        var s00 = TLanes.Fill(0);
        var s01 = TLanes.Fill(0);
        var s02 = TLanes.Fill(0);
        var s03 = TLanes.Fill(0);
        var s10 = TLanes.Fill(0);
        var s11 = TLanes.Fill(0);
        var s12 = TLanes.Fill(0);
        var s13 = TLanes.Fill(0);
        var s20 = TLanes.Fill(0);
        var s21 = TLanes.Fill(0);
        var s22 = TLanes.Fill(0);
        var s23 = TLanes.Fill(0);
        var s30 = TLanes.Fill(0);
        var s31 = TLanes.Fill(0);
        var s32 = TLanes.Fill(0);
        var s33 = TLanes.Fill(0);
        var a1 = a + strideA;
        var a2 = a1 + strideA;
        var a3 = a2 + strideA;
        var w1 = w + strideW;
        var w2 = w1 + strideW;
        var w3 = w2 + strideW;
        for (nint i = 0; i < inner; i += TLanes.Count)
        {
            var x0 = TLanes.Load(w + i);
            var x1 = TLanes.Load(w1 + i);
            var x2 = TLanes.Load(w2 + i);
            var x3 = TLanes.Load(w3 + i);
            var v0 = TLanes.Load(a + i);
            s00 = TLanes.MultiplyAdd(v0, x0, s00);
            s01 = TLanes.MultiplyAdd(v0, x1, s01);
            s02 = TLanes.MultiplyAdd(v0, x2, s02);
            s03 = TLanes.MultiplyAdd(v0, x3, s03);
            var v1 = TLanes.Load(a1 + i);
            s10 = TLanes.MultiplyAdd(v1, x0, s10);
            s11 = TLanes.MultiplyAdd(v1, x1, s11);
            s12 = TLanes.MultiplyAdd(v1, x2, s12);
            s13 = TLanes.MultiplyAdd(v1, x3, s13);
            var v2 = TLanes.Load(a2 + i);
            s20 = TLanes.MultiplyAdd(v2, x0, s20);
            s21 = TLanes.MultiplyAdd(v2, x1, s21);
            s22 = TLanes.MultiplyAdd(v2, x2, s22);
            s23 = TLanes.MultiplyAdd(v2, x3, s23);
            var v3 = TLanes.Load(a3 + i);
            s30 = TLanes.MultiplyAdd(v3, x0, s30);
            s31 = TLanes.MultiplyAdd(v3, x1, s31);
            s32 = TLanes.MultiplyAdd(v3, x2, s32);
            s33 = TLanes.MultiplyAdd(v3, x3, s33);
        }

        TLanes.Sums(s00, s01, s02, s03).Store(c);
        TLanes.Sums(s10, s11, s12, s13).Store(c + strideC);
        TLanes.Sums(s20, s21, s22, s23).Store(c + 2 * strideC);
        TLanes.Sums(s30, s31, s32, s33).Store(c + 3 * strideC);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows2(float* a, nint strideA, float* w, nint strideW, int inner, float* c, nint strideC)
    {
        var s00 = TLanes.Fill(0);
        var s01 = TLanes.Fill(0);
        var s02 = TLanes.Fill(0);
        var s03 = TLanes.Fill(0);
        var s10 = TLanes.Fill(0);
        var s11 = TLanes.Fill(0);
        var s12 = TLanes.Fill(0);
        var s13 = TLanes.Fill(0);
        var a1 = a + strideA;
        var w1 = w + strideW;
        var w2 = w1 + strideW;
        var w3 = w2 + strideW;
        for (nint i = 0; i < inner; i += TLanes.Count)
        {
            var x0 = TLanes.Load(w + i);
            var x1 = TLanes.Load(w1 + i);
            var x2 = TLanes.Load(w2 + i);
            var x3 = TLanes.Load(w3 + i);
            var v0 = TLanes.Load(a + i);
            s00 = TLanes.MultiplyAdd(v0, x0, s00);
            s01 = TLanes.MultiplyAdd(v0, x1, s01);
            s02 = TLanes.MultiplyAdd(v0, x2, s02);
            s03 = TLanes.MultiplyAdd(v0, x3, s03);
            var v1 = TLanes.Load(a1 + i);
            s10 = TLanes.MultiplyAdd(v1, x0, s10);
            s11 = TLanes.MultiplyAdd(v1, x1, s11);
            s12 = TLanes.MultiplyAdd(v1, x2, s12);
            s13 = TLanes.MultiplyAdd(v1, x3, s13);
        }

        TLanes.Sums(s00, s01, s02, s03).Store(c);
        TLanes.Sums(s10, s11, s12, s13).Store(c + strideC);
    }
}
