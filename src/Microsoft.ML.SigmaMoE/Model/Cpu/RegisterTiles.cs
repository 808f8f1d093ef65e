using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// C[rows, columns] (+)= A[rows, inner] · B[inner, columns] in float32, in tiles whose sums stay in registers: twelve rows by
/// two vectors of 512 bits, six by two of 256. Every row and every column is computed for itself, so what stands in rows
/// beyond the last never reaches the others. Sums are added in the order of <c>inner</c>.
/// </summary>
/// <remarks>
/// A is read element by element, by row and inner strides, so it may be stored either way round, and must be readable up to
/// a multiple of four rows. B is read in panels of <see cref="Panel"/> columns.
/// </remarks>
internal static unsafe class RegisterTiles<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private const int MostRows = 12;

    /// <summary>Gets how many columns are computed at once.</summary>
    public static int Panel => 2 * TLanes.Count;

    // 512-bit processors have 32 registers, older ones 16.
    private static int TileRows => TLanes.Count == 16 ? MostRows : 6;

    /// <summary>Multiplies.</summary>
    /// <param name="left">A.</param>
    /// <param name="rows">Rows of A and C.</param>
    /// <param name="right">B.</param>
    /// <param name="inner">Columns of A, rows of B.</param>
    /// <param name="target">Where each row of C begins.</param>
    /// <param name="columns">Columns of C.</param>
    /// <param name="add">Whether to add to what is there.</param>
    public static void Multiply(
        TileOperand left, int rows, TilePanels right, int inner, float** target, int columns, bool add)
    {
        for (var column = 0; column < columns; column += Panel)
        {
            var width = Math.Min(Panel, columns - column);
            var (panel, stride) = right.IsPadded || width == Panel
                ? ((nint)right.Panel(column, Panel), right.RowStride)
                : ((nint)right.PadEdge(column, width, inner, Panel), Panel);
            for (var row = 0; row < rows;)
            {
                var left1 = left.Start + row * left.RowStride;
                var height = Height(rows - row);
                var own = Math.Min(height, rows - row);
                if (width == Panel && own == height)
                {
                    Whole(left1, left, height, inner, (float*)panel, stride, target + row, column, add);
                }
                else
                {
                    Edge(left1, left, height, own, inner, (float*)panel, stride, target + row, column, width, add);
                }

                row += height;
            }
        }
    }

    // Of what remains: whole tiles, then as few rows too many as four-row tiles allow.
    private static int Height(int rows) => rows switch
    {
        _ when rows >= TileRows => TileRows,
        <= 4 => 4,
        <= 6 => 6,
        <= 8 => 4,
        _ => MostRows,
    };

    private static void Whole(
        float* a, TileOperand left, int height, int inner, float* b, nint strideB, float** target, int column, bool add)
    {
        var c = stackalloc float*[MostRows];
        for (var row = 0; row < height; row++)
        {
            c[row] = target[row] + column;
        }

        Tile(height, a, left.RowStride, left.InnerStride, inner, b, strideB, c, add);
    }

    // Through a tile of its own, of which only what belongs to C is taken.
    private static void Edge(
        float* a, TileOperand left, int height, int own, int inner, float* b, nint strideB, float** target, int column,
        int width, bool add)
    {
        var tile = stackalloc float[MostRows * Panel];
        var c = stackalloc float*[MostRows];
        for (var row = 0; row < height; row++)
        {
            c[row] = tile + row * Panel;
        }

        Tile(height, a, left.RowStride, left.InnerStride, inner, b, strideB, c, add: false);
        for (var row = 0; row < own; row++)
        {
            for (var i = 0; i < width; i++)
            {
                target[row][column + i] = add ? target[row][column + i] + c[row][i] : c[row][i];
            }
        }
    }

    private static void Tile(
        int height, float* a, nint row, nint step, int inner, float* b, nint strideB, float** c, bool add)
    {
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows12(
        float* a, nint row, nint step, int inner, float* b, nint strideB, float** c, bool add)
    {
        var x0 = add ? TLanes.Load(c[0]) : TLanes.Fill(0);
        var y0 = add ? TLanes.Load(c[0] + TLanes.Count) : TLanes.Fill(0);
        var x1 = add ? TLanes.Load(c[1]) : TLanes.Fill(0);
        var y1 = add ? TLanes.Load(c[1] + TLanes.Count) : TLanes.Fill(0);
        var x2 = add ? TLanes.Load(c[2]) : TLanes.Fill(0);
        var y2 = add ? TLanes.Load(c[2] + TLanes.Count) : TLanes.Fill(0);
        var x3 = add ? TLanes.Load(c[3]) : TLanes.Fill(0);
        var y3 = add ? TLanes.Load(c[3] + TLanes.Count) : TLanes.Fill(0);
        var x4 = add ? TLanes.Load(c[4]) : TLanes.Fill(0);
        var y4 = add ? TLanes.Load(c[4] + TLanes.Count) : TLanes.Fill(0);
        var x5 = add ? TLanes.Load(c[5]) : TLanes.Fill(0);
        var y5 = add ? TLanes.Load(c[5] + TLanes.Count) : TLanes.Fill(0);
        var x6 = add ? TLanes.Load(c[6]) : TLanes.Fill(0);
        var y6 = add ? TLanes.Load(c[6] + TLanes.Count) : TLanes.Fill(0);
        var x7 = add ? TLanes.Load(c[7]) : TLanes.Fill(0);
        var y7 = add ? TLanes.Load(c[7] + TLanes.Count) : TLanes.Fill(0);
        var x8 = add ? TLanes.Load(c[8]) : TLanes.Fill(0);
        var y8 = add ? TLanes.Load(c[8] + TLanes.Count) : TLanes.Fill(0);
        var x9 = add ? TLanes.Load(c[9]) : TLanes.Fill(0);
        var y9 = add ? TLanes.Load(c[9] + TLanes.Count) : TLanes.Fill(0);
        var x10 = add ? TLanes.Load(c[10]) : TLanes.Fill(0);
        var y10 = add ? TLanes.Load(c[10] + TLanes.Count) : TLanes.Fill(0);
        var x11 = add ? TLanes.Load(c[11]) : TLanes.Fill(0);
        var y11 = add ? TLanes.Load(c[11] + TLanes.Count) : TLanes.Fill(0);
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

        TLanes.Store(x0, c[0]);
        TLanes.Store(y0, c[0] + TLanes.Count);
        TLanes.Store(x1, c[1]);
        TLanes.Store(y1, c[1] + TLanes.Count);
        TLanes.Store(x2, c[2]);
        TLanes.Store(y2, c[2] + TLanes.Count);
        TLanes.Store(x3, c[3]);
        TLanes.Store(y3, c[3] + TLanes.Count);
        TLanes.Store(x4, c[4]);
        TLanes.Store(y4, c[4] + TLanes.Count);
        TLanes.Store(x5, c[5]);
        TLanes.Store(y5, c[5] + TLanes.Count);
        TLanes.Store(x6, c[6]);
        TLanes.Store(y6, c[6] + TLanes.Count);
        TLanes.Store(x7, c[7]);
        TLanes.Store(y7, c[7] + TLanes.Count);
        TLanes.Store(x8, c[8]);
        TLanes.Store(y8, c[8] + TLanes.Count);
        TLanes.Store(x9, c[9]);
        TLanes.Store(y9, c[9] + TLanes.Count);
        TLanes.Store(x10, c[10]);
        TLanes.Store(y10, c[10] + TLanes.Count);
        TLanes.Store(x11, c[11]);
        TLanes.Store(y11, c[11] + TLanes.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows6(
        float* a, nint row, nint step, int inner, float* b, nint strideB, float** c, bool add)
    {
        var x0 = add ? TLanes.Load(c[0]) : TLanes.Fill(0);
        var y0 = add ? TLanes.Load(c[0] + TLanes.Count) : TLanes.Fill(0);
        var x1 = add ? TLanes.Load(c[1]) : TLanes.Fill(0);
        var y1 = add ? TLanes.Load(c[1] + TLanes.Count) : TLanes.Fill(0);
        var x2 = add ? TLanes.Load(c[2]) : TLanes.Fill(0);
        var y2 = add ? TLanes.Load(c[2] + TLanes.Count) : TLanes.Fill(0);
        var x3 = add ? TLanes.Load(c[3]) : TLanes.Fill(0);
        var y3 = add ? TLanes.Load(c[3] + TLanes.Count) : TLanes.Fill(0);
        var x4 = add ? TLanes.Load(c[4]) : TLanes.Fill(0);
        var y4 = add ? TLanes.Load(c[4] + TLanes.Count) : TLanes.Fill(0);
        var x5 = add ? TLanes.Load(c[5]) : TLanes.Fill(0);
        var y5 = add ? TLanes.Load(c[5] + TLanes.Count) : TLanes.Fill(0);
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

        TLanes.Store(x0, c[0]);
        TLanes.Store(y0, c[0] + TLanes.Count);
        TLanes.Store(x1, c[1]);
        TLanes.Store(y1, c[1] + TLanes.Count);
        TLanes.Store(x2, c[2]);
        TLanes.Store(y2, c[2] + TLanes.Count);
        TLanes.Store(x3, c[3]);
        TLanes.Store(y3, c[3] + TLanes.Count);
        TLanes.Store(x4, c[4]);
        TLanes.Store(y4, c[4] + TLanes.Count);
        TLanes.Store(x5, c[5]);
        TLanes.Store(y5, c[5] + TLanes.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4(
        float* a, nint row, nint step, int inner, float* b, nint strideB, float** c, bool add)
    {
        var x0 = add ? TLanes.Load(c[0]) : TLanes.Fill(0);
        var y0 = add ? TLanes.Load(c[0] + TLanes.Count) : TLanes.Fill(0);
        var x1 = add ? TLanes.Load(c[1]) : TLanes.Fill(0);
        var y1 = add ? TLanes.Load(c[1] + TLanes.Count) : TLanes.Fill(0);
        var x2 = add ? TLanes.Load(c[2]) : TLanes.Fill(0);
        var y2 = add ? TLanes.Load(c[2] + TLanes.Count) : TLanes.Fill(0);
        var x3 = add ? TLanes.Load(c[3]) : TLanes.Fill(0);
        var y3 = add ? TLanes.Load(c[3] + TLanes.Count) : TLanes.Fill(0);
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

        TLanes.Store(x0, c[0]);
        TLanes.Store(y0, c[0] + TLanes.Count);
        TLanes.Store(x1, c[1]);
        TLanes.Store(y1, c[1] + TLanes.Count);
        TLanes.Store(x2, c[2]);
        TLanes.Store(y2, c[2] + TLanes.Count);
        TLanes.Store(x3, c[3]);
        TLanes.Store(y3, c[3] + TLanes.Count);
    }
}
