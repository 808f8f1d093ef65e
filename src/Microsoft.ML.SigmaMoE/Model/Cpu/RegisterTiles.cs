using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// C[rows, columns] (+)= A[rows, inner] · B[inner, columns] in float32, in tiles whose sums stay in registers: twelve
/// rows by two vectors of 512 bits, six by two of 256. Every row and every column is computed for itself, so what
/// stands in rows beyond the last never reaches the others. Products are added in the order of <c>inner</c>, and then
/// to what was there.
/// </summary>
/// <remarks>
/// A is read element by element, by row and inner strides, so it may be stored either way round, and must be readable
/// up to three rows beyond the last. B is read in panels of <see cref="Panel"/> columns.
/// </remarks>
internal static unsafe class RegisterTiles<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private const int MostRows = 12;
    private const int LineSize = 16;

    // With so few rows reading B takes longer than multiplying.
    private const int FewRows = 2 * MostRows;

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
            if (rows <= FewRows && column + Panel < columns)
            {
                ReadAhead((float*)right.Panel(column + Panel, Panel), right.RowStride, inner);
            }

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

    // The processor does so by itself along rows, not from one row to the next.
    private static void ReadAhead(float* panel, nint stride, int inner)
    {
        for (var k = 0; Sse.IsSupported && k < inner; k++, panel += stride)
        {
            for (var i = 0; i < Panel; i += LineSize)
            {
                Sse.Prefetch1(panel + i);
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

        RegisterTile<TLanes, TVector>.Multiply(height, a, left.RowStride, left.InnerStride, inner, b, strideB, c, add);
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

        RegisterTile<TLanes, TVector>.Multiply(
            height, a, left.RowStride, left.InnerStride, inner, b, strideB, c, add: false);
        for (var row = 0; row < own; row++)
        {
            Take(c[row], target[row] + column, width, add);
        }
    }

    // Both vectors are read before either is written: where the row is shorter than two they overlap.
    private static void Take(float* sums, float* target, int width, bool add)
    {
        if (width < TLanes.Count)
        {
            for (var i = 0; i < width; i++)
            {
                target[i] = add ? target[i] + sums[i] : sums[i];
            }

            return;
        }

        var last = width - TLanes.Count;
        var (x, y) = (TLanes.Load(sums), TLanes.Load(sums + last));
        if (add)
        {
            (x, y) = (TLanes.Add(TLanes.Load(target), x), TLanes.Add(TLanes.Load(target + last), y));
        }

        TLanes.Store(x, target);
        TLanes.Store(y, target + last);
    }
}
