using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One tile of <see cref="RegisterTiles{TLanes, TVector}"/>: some rows of C by two vectors, whose sums stay in
/// registers from the first product to the last; what they are added to is read at the end. Written out row by row, for
/// a sum in an array is a sum in memory.
/// </summary>
internal static unsafe class RegisterTile<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    /// <summary>Multiplies.</summary>
    /// <param name="height">Rows: twelve, six or four.</param>
    /// <param name="a">Element (0, 0) of A.</param>
    /// <param name="row">From one row of A to the next.</param>
    /// <param name="step">From one column of A to the next.</param>
    /// <param name="inner">Columns of A, rows of B.</param>
    /// <param name="b">Element (0, 0) of B.</param>
    /// <param name="strideB">From one row of B to the next.</param>
    /// <param name="c">Where each row of C begins.</param>
    /// <param name="add">Whether to add to what is there.</param>
    public static void Multiply(
        int height, float* a, nint row, nint step, int inner, float* b, nint strideB, float** c, bool add)
    {
        if (add)
        {
            Prefetch(c, height);
        }

        switch (height)
        {
            case 12:
                Rows12(a, row, step, inner, b, strideB, c, add);
                break;
            case 6:
                Rows6(a, row, step, inner, b, strideB, c, add);
                break;
            default:
                Rows4(a, row, step, inner, b, strideB, c, add);
                break;
        }
    }

    // C is scattered over memory: its lines arrive while the sums are made.
    private static void Prefetch(float** c, int rows)
    {
        for (var row = 0; Sse.IsSupported && row < rows; row++)
        {
            Sse.Prefetch0(c[row]);
            Sse.Prefetch0(c[row] + TLanes.Count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows12(
        float* a, nint row, nint step, int inner, float* b, nint strideB, float** c, bool add)
    {
        var x0 = TLanes.Fill(0);
        var y0 = TLanes.Fill(0);
        var x1 = TLanes.Fill(0);
        var y1 = TLanes.Fill(0);
        var x2 = TLanes.Fill(0);
        var y2 = TLanes.Fill(0);
        var x3 = TLanes.Fill(0);
        var y3 = TLanes.Fill(0);
        var x4 = TLanes.Fill(0);
        var y4 = TLanes.Fill(0);
        var x5 = TLanes.Fill(0);
        var y5 = TLanes.Fill(0);
        var x6 = TLanes.Fill(0);
        var y6 = TLanes.Fill(0);
        var x7 = TLanes.Fill(0);
        var y7 = TLanes.Fill(0);
        var x8 = TLanes.Fill(0);
        var y8 = TLanes.Fill(0);
        var x9 = TLanes.Fill(0);
        var y9 = TLanes.Fill(0);
        var x10 = TLanes.Fill(0);
        var y10 = TLanes.Fill(0);
        var x11 = TLanes.Fill(0);
        var y11 = TLanes.Fill(0);
        var row2 = 2 * row;
        var a0 = a;
        var a1 = a + 3 * row;
        var a2 = a + 6 * row;
        var a3 = a + 9 * row;
        for (var k = 0; k < inner; k++)
        {
            var b0 = TLanes.Load(b);
            var b1 = TLanes.Load(b + TLanes.Count);
            var v0 = TLanes.Fill(*a0);
            x0 = TLanes.MultiplyAdd(v0, b0, x0);
            y0 = TLanes.MultiplyAdd(v0, b1, y0);
            var v1 = TLanes.Fill(*(a0 + row));
            x1 = TLanes.MultiplyAdd(v1, b0, x1);
            y1 = TLanes.MultiplyAdd(v1, b1, y1);
            var v2 = TLanes.Fill(*(a0 + row2));
            x2 = TLanes.MultiplyAdd(v2, b0, x2);
            y2 = TLanes.MultiplyAdd(v2, b1, y2);
            var v3 = TLanes.Fill(*a1);
            x3 = TLanes.MultiplyAdd(v3, b0, x3);
            y3 = TLanes.MultiplyAdd(v3, b1, y3);
            var v4 = TLanes.Fill(*(a1 + row));
            x4 = TLanes.MultiplyAdd(v4, b0, x4);
            y4 = TLanes.MultiplyAdd(v4, b1, y4);
            var v5 = TLanes.Fill(*(a1 + row2));
            x5 = TLanes.MultiplyAdd(v5, b0, x5);
            y5 = TLanes.MultiplyAdd(v5, b1, y5);
            var v6 = TLanes.Fill(*a2);
            x6 = TLanes.MultiplyAdd(v6, b0, x6);
            y6 = TLanes.MultiplyAdd(v6, b1, y6);
            var v7 = TLanes.Fill(*(a2 + row));
            x7 = TLanes.MultiplyAdd(v7, b0, x7);
            y7 = TLanes.MultiplyAdd(v7, b1, y7);
            var v8 = TLanes.Fill(*(a2 + row2));
            x8 = TLanes.MultiplyAdd(v8, b0, x8);
            y8 = TLanes.MultiplyAdd(v8, b1, y8);
            var v9 = TLanes.Fill(*a3);
            x9 = TLanes.MultiplyAdd(v9, b0, x9);
            y9 = TLanes.MultiplyAdd(v9, b1, y9);
            var v10 = TLanes.Fill(*(a3 + row));
            x10 = TLanes.MultiplyAdd(v10, b0, x10);
            y10 = TLanes.MultiplyAdd(v10, b1, y10);
            var v11 = TLanes.Fill(*(a3 + row2));
            x11 = TLanes.MultiplyAdd(v11, b0, x11);
            y11 = TLanes.MultiplyAdd(v11, b1, y11);
            b += strideB;
            a0 += step;
            a1 += step;
            a2 += step;
            a3 += step;
        }

        TLanes.Store(add ? TLanes.Add(x0, TLanes.Load(c[0])) : x0, c[0]);
        TLanes.Store(add ? TLanes.Add(y0, TLanes.Load(c[0] + TLanes.Count)) : y0, c[0] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x1, TLanes.Load(c[1])) : x1, c[1]);
        TLanes.Store(add ? TLanes.Add(y1, TLanes.Load(c[1] + TLanes.Count)) : y1, c[1] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x2, TLanes.Load(c[2])) : x2, c[2]);
        TLanes.Store(add ? TLanes.Add(y2, TLanes.Load(c[2] + TLanes.Count)) : y2, c[2] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x3, TLanes.Load(c[3])) : x3, c[3]);
        TLanes.Store(add ? TLanes.Add(y3, TLanes.Load(c[3] + TLanes.Count)) : y3, c[3] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x4, TLanes.Load(c[4])) : x4, c[4]);
        TLanes.Store(add ? TLanes.Add(y4, TLanes.Load(c[4] + TLanes.Count)) : y4, c[4] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x5, TLanes.Load(c[5])) : x5, c[5]);
        TLanes.Store(add ? TLanes.Add(y5, TLanes.Load(c[5] + TLanes.Count)) : y5, c[5] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x6, TLanes.Load(c[6])) : x6, c[6]);
        TLanes.Store(add ? TLanes.Add(y6, TLanes.Load(c[6] + TLanes.Count)) : y6, c[6] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x7, TLanes.Load(c[7])) : x7, c[7]);
        TLanes.Store(add ? TLanes.Add(y7, TLanes.Load(c[7] + TLanes.Count)) : y7, c[7] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x8, TLanes.Load(c[8])) : x8, c[8]);
        TLanes.Store(add ? TLanes.Add(y8, TLanes.Load(c[8] + TLanes.Count)) : y8, c[8] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x9, TLanes.Load(c[9])) : x9, c[9]);
        TLanes.Store(add ? TLanes.Add(y9, TLanes.Load(c[9] + TLanes.Count)) : y9, c[9] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x10, TLanes.Load(c[10])) : x10, c[10]);
        TLanes.Store(add ? TLanes.Add(y10, TLanes.Load(c[10] + TLanes.Count)) : y10, c[10] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x11, TLanes.Load(c[11])) : x11, c[11]);
        TLanes.Store(add ? TLanes.Add(y11, TLanes.Load(c[11] + TLanes.Count)) : y11, c[11] + TLanes.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows6(
        float* a, nint row, nint step, int inner, float* b, nint strideB, float** c, bool add)
    {
        var x0 = TLanes.Fill(0);
        var y0 = TLanes.Fill(0);
        var x1 = TLanes.Fill(0);
        var y1 = TLanes.Fill(0);
        var x2 = TLanes.Fill(0);
        var y2 = TLanes.Fill(0);
        var x3 = TLanes.Fill(0);
        var y3 = TLanes.Fill(0);
        var x4 = TLanes.Fill(0);
        var y4 = TLanes.Fill(0);
        var x5 = TLanes.Fill(0);
        var y5 = TLanes.Fill(0);
        var row2 = 2 * row;
        var a0 = a;
        var a1 = a + 3 * row;
        for (var k = 0; k < inner; k++)
        {
            var b0 = TLanes.Load(b);
            var b1 = TLanes.Load(b + TLanes.Count);
            var v0 = TLanes.Fill(*a0);
            x0 = TLanes.MultiplyAdd(v0, b0, x0);
            y0 = TLanes.MultiplyAdd(v0, b1, y0);
            var v1 = TLanes.Fill(*(a0 + row));
            x1 = TLanes.MultiplyAdd(v1, b0, x1);
            y1 = TLanes.MultiplyAdd(v1, b1, y1);
            var v2 = TLanes.Fill(*(a0 + row2));
            x2 = TLanes.MultiplyAdd(v2, b0, x2);
            y2 = TLanes.MultiplyAdd(v2, b1, y2);
            var v3 = TLanes.Fill(*a1);
            x3 = TLanes.MultiplyAdd(v3, b0, x3);
            y3 = TLanes.MultiplyAdd(v3, b1, y3);
            var v4 = TLanes.Fill(*(a1 + row));
            x4 = TLanes.MultiplyAdd(v4, b0, x4);
            y4 = TLanes.MultiplyAdd(v4, b1, y4);
            var v5 = TLanes.Fill(*(a1 + row2));
            x5 = TLanes.MultiplyAdd(v5, b0, x5);
            y5 = TLanes.MultiplyAdd(v5, b1, y5);
            b += strideB;
            a0 += step;
            a1 += step;
        }

        TLanes.Store(add ? TLanes.Add(x0, TLanes.Load(c[0])) : x0, c[0]);
        TLanes.Store(add ? TLanes.Add(y0, TLanes.Load(c[0] + TLanes.Count)) : y0, c[0] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x1, TLanes.Load(c[1])) : x1, c[1]);
        TLanes.Store(add ? TLanes.Add(y1, TLanes.Load(c[1] + TLanes.Count)) : y1, c[1] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x2, TLanes.Load(c[2])) : x2, c[2]);
        TLanes.Store(add ? TLanes.Add(y2, TLanes.Load(c[2] + TLanes.Count)) : y2, c[2] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x3, TLanes.Load(c[3])) : x3, c[3]);
        TLanes.Store(add ? TLanes.Add(y3, TLanes.Load(c[3] + TLanes.Count)) : y3, c[3] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x4, TLanes.Load(c[4])) : x4, c[4]);
        TLanes.Store(add ? TLanes.Add(y4, TLanes.Load(c[4] + TLanes.Count)) : y4, c[4] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x5, TLanes.Load(c[5])) : x5, c[5]);
        TLanes.Store(add ? TLanes.Add(y5, TLanes.Load(c[5] + TLanes.Count)) : y5, c[5] + TLanes.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4(
        float* a, nint row, nint step, int inner, float* b, nint strideB, float** c, bool add)
    {
        var x0 = TLanes.Fill(0);
        var y0 = TLanes.Fill(0);
        var x1 = TLanes.Fill(0);
        var y1 = TLanes.Fill(0);
        var x2 = TLanes.Fill(0);
        var y2 = TLanes.Fill(0);
        var x3 = TLanes.Fill(0);
        var y3 = TLanes.Fill(0);
        var row2 = 2 * row;
        var a0 = a;
        var a1 = a + 3 * row;
        for (var k = 0; k < inner; k++)
        {
            var b0 = TLanes.Load(b);
            var b1 = TLanes.Load(b + TLanes.Count);
            var v0 = TLanes.Fill(*a0);
            x0 = TLanes.MultiplyAdd(v0, b0, x0);
            y0 = TLanes.MultiplyAdd(v0, b1, y0);
            var v1 = TLanes.Fill(*(a0 + row));
            x1 = TLanes.MultiplyAdd(v1, b0, x1);
            y1 = TLanes.MultiplyAdd(v1, b1, y1);
            var v2 = TLanes.Fill(*(a0 + row2));
            x2 = TLanes.MultiplyAdd(v2, b0, x2);
            y2 = TLanes.MultiplyAdd(v2, b1, y2);
            var v3 = TLanes.Fill(*a1);
            x3 = TLanes.MultiplyAdd(v3, b0, x3);
            y3 = TLanes.MultiplyAdd(v3, b1, y3);
            b += strideB;
            a0 += step;
            a1 += step;
        }

        TLanes.Store(add ? TLanes.Add(x0, TLanes.Load(c[0])) : x0, c[0]);
        TLanes.Store(add ? TLanes.Add(y0, TLanes.Load(c[0] + TLanes.Count)) : y0, c[0] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x1, TLanes.Load(c[1])) : x1, c[1]);
        TLanes.Store(add ? TLanes.Add(y1, TLanes.Load(c[1] + TLanes.Count)) : y1, c[1] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x2, TLanes.Load(c[2])) : x2, c[2]);
        TLanes.Store(add ? TLanes.Add(y2, TLanes.Load(c[2] + TLanes.Count)) : y2, c[2] + TLanes.Count);
        TLanes.Store(add ? TLanes.Add(x3, TLanes.Load(c[3])) : x3, c[3]);
        TLanes.Store(add ? TLanes.Add(y3, TLanes.Load(c[3] + TLanes.Count)) : y3, c[3] + TLanes.Count);
    }
}
