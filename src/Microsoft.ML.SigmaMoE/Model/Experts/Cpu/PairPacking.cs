namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Brings matrices into the order in which <see cref="Brgemm"/> wants its right side: B[K, N] as K / 2 rows of N pairs.
/// A pair is one 32-bit number: the elements k and k + 1 of a column.
/// </summary>
internal static unsafe class PairPacking
{
    /// <summary>
    /// Packs Wᵀ of a matrix W [rows, columns]: B has K = columns, N = rows. Two neighbours of a row of W are a pair already,
    /// so this transposes 32-bit numbers, sixteen rows at a time.
    /// </summary>
    /// <param name="weight">[rows, columns], float32.</param>
    /// <param name="packed">[paddedColumns / 2, rows] pairs.</param>
    /// <param name="rows">N.</param>
    /// <param name="columns">K before padding.</param>
    /// <param name="paddedColumns">K after padding with zeros, even.</param>
    /// <param name="strip">Room for 16 · paddedColumns bfloat16 numbers.</param>
    public static void Transposed(float* weight, uint* packed, int rows, int columns, int paddedColumns, ushort* strip)
    {
        new Span<ushort>(strip, 16 * paddedColumns).Clear();
        var pairs = paddedColumns / 2;
        for (var row = 0; row < rows; row += 16)
        {
            var height = Math.Min(16, rows - row);
            for (var i = 0; i < height; i++)
            {
                BFloat16Rounding.Round(new(weight + (long)(row + i) * columns, columns), new(strip + i * paddedColumns, columns));
            }

            var source = (uint*)strip;
            for (var pair = 0; pair < pairs; pair++)
            {
                var target = packed + (long)pair * rows + row;
                for (var i = 0; i < height; i++)
                {
                    target[i] = source[i * pairs + pair];
                }
            }
        }
    }

    /// <summary>Packs a matrix W [rows, columns] as it is: B has K = rows, N = columns, rows 2k and 2k + 1 interleaved.</summary>
    /// <param name="weight">[rows, columns], float32.</param>
    /// <param name="packed">[paddedRows / 2, columns] pairs.</param>
    /// <param name="rows">K before padding.</param>
    /// <param name="paddedRows">K after padding with zeros, even.</param>
    /// <param name="columns">N.</param>
    /// <param name="strip">Room for 2 · columns bfloat16 numbers.</param>
    public static void Interleaved(float* weight, uint* packed, int rows, int paddedRows, int columns, ushort* strip)
    {
        var even = new Span<ushort>(strip, columns);
        var odd = new Span<ushort>(strip + columns, columns);
        for (var row = 0; row < paddedRows; row += 2)
        {
            RoundRow(weight, row, rows, columns, even);
            RoundRow(weight, row + 1, rows, columns, odd);
            Interleave(strip, strip + columns, packed + (long)row / 2 * columns, columns);
        }
    }

    /// <summary>Makes pairs of two rows.</summary>
    public static void Interleave(ushort* even, ushort* odd, uint* packed, int columns)
    {
        for (var column = 0; column < columns; column++)
        {
            packed[column] = even[column] | ((uint)odd[column] << 16);
        }
    }

    private static void RoundRow(float* weight, int row, int rows, int columns, Span<ushort> target)
    {
        if (row < rows)
        {
            BFloat16Rounding.Round(new(weight + (long)row * columns, columns), target);
        }
        else
        {
            target.Clear();
        }
    }
}
