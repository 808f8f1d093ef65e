using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A matrix of which few numbers are kept, row by row: row r has factors[i] in column places[i], offsets[r] ≤ i &lt;
/// offsets[r + 1]. A place may occur twice in a row; its factors add up.
/// </summary>
/// <remarks>The tensors lie on the processor and belong to the dispose scope in which the matrix was made.</remarks>
/// <param name="Offsets">[rows + 1], int32.</param>
/// <param name="Places">[numbers], int32.</param>
/// <param name="Factors">[numbers], float32.</param>
/// <param name="Columns">The number of columns.</param>
internal sealed unsafe record SparseMatrix(Tensor Offsets, Tensor Places, Tensor Factors, int Columns)
{
    /// <summary>Gets the number of rows.</summary>
    public int Rows => (int)Offsets.numel() - 1;

    /// <summary>Gets how many numbers are kept.</summary>
    public long Count => Places.numel();

    /// <summary>Makes the matrix that has weight[n, j] in row n, column chosen[n, j].</summary>
    /// <param name="weights">[rows, J], float32.</param>
    /// <param name="chosen">[rows, J], int64.</param>
    /// <param name="columns">The number of columns.</param>
    public static SparseMatrix OfChoices(Tensor weights, Tensor chosen, int columns)
    {
        var (rows, width) = (chosen.size(0), chosen.size(1));
        var offsets = TensorNumbers.Range(0, rows * width + 1, width, ScalarType.Int32, CPU);
        return new(offsets, chosen.flatten().to(ScalarType.Int32), weights.contiguous().flatten(), columns);
    }

    /// <summary>Makes the matrix of all numbers that are not 0; those that are none are kept.</summary>
    /// <param name="dense">[rows, columns], float32, contiguous.</param>
    public static SparseMatrix OfNonZeros(Tensor dense)
    {
        var (rows, columns) = (dense.size(0), (int)dense.size(1));
        var source = TensorMemory.Of<float>(dense);
        var offsets = zeros(rows + 1, dtype: ScalarType.Int32);
        var starts = TensorMemory.Of<int>(offsets);
        CpuWork.Each(rows, (first, end) =>
        {
            for (var row = first; row < end; row++)
            {
                starts[row + 1] = CountNonZeros(source + row * columns, columns);
            }
        });
        AddUp(Numbers<int>(offsets));
        var (places, factors) =
            (empty(starts[rows], dtype: ScalarType.Int32), empty(starts[rows], dtype: ScalarType.Float32));
        var to = TensorMemory.Of<int>(places);
        var with = TensorMemory.Of<float>(factors);
        CpuWork.Each(rows, (first, end) =>
        {
            for (var row = first; row < end; row++)
            {
                ListNonZeros(source + row * columns, columns, to + starts[row], with + starts[row]);
            }
        });
        GC.KeepAlive(dense);        // where no scope holds a copy that the caller made
        return new(offsets, places, factors, columns);
    }

    /// <summary>Makes the transposed matrix; the numbers of a row keep their order.</summary>
    public SparseMatrix Transposed()
    {
        var offsets = zeros(Columns + 1, dtype: ScalarType.Int32);
        var starts = Numbers<int>(offsets);
        foreach (var column in Numbers<int>(Places))
        {
            starts[column + 1]++;
        }

        AddUp(starts);
        var (places, factors) = (empty_like(Places), empty_like(Factors));
        Place(starts.ToArray(), Numbers<int>(places), Numbers<float>(factors));
        return new(offsets, places, factors, Rows);
    }

    /// <summary>
    /// Makes a dense matrix, [rows, columns], with other numbers at the same places, each of which occurs once.
    /// </summary>
    /// <param name="numbers">[numbers], float32.</param>
    public Tensor Spread(Tensor numbers)
    {
        var (rows, columns) = (Rows, (long)Columns);
        var result = zeros(rows, columns, dtype: ScalarType.Float32);
        var offsets = TensorMemory.Of<int>(Offsets);
        var places = TensorMemory.Of<int>(Places);
        var source = TensorMemory.Of<float>(numbers);
        var target = TensorMemory.Of<float>(result);
        CpuWork.Each(rows, (first, end) =>
        {
            for (var row = first; row < end; row++)
            {
                for (var i = offsets[row]; i < offsets[row + 1]; i++)
                {
                    target[row * columns + places[i]] = source[i];
                }
            }
        });
        return result;
    }

    // next: where each row of the transposed matrix goes on
    private void Place(int[] next, Span<int> places, Span<float> factors)
    {
        var offsets = Numbers<int>(Offsets);
        var columns = Numbers<int>(Places);
        var numbers = Numbers<float>(Factors);
        for (var row = 0; row < offsets.Length - 1; row++)
        {
            for (var i = offsets[row]; i < offsets[row + 1]; i++)
            {
                var position = next[columns[i]]++;
                (places[position], factors[position]) = (row, numbers[i]);
            }
        }
    }

    private static Span<T> Numbers<T>(Tensor tensor)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(tensor.bytes);

    private static void AddUp(Span<int> counts)
    {
        for (var i = 1; i < counts.Length; i++)
        {
            counts[i] += counts[i - 1];
        }
    }

    private static int CountNonZeros(float* row, int columns)
    {
        var (count, column) = (0, 0);
        for (; column <= columns - Vector256<float>.Count; column += Vector256<float>.Count)
        {
            count += BitOperations.PopCount(NonZeros(row + column));
        }

        for (; column < columns; column++)
        {
            count += IsZero(row[column]) ? 0 : 1;
        }

        return count;
    }

    private static void ListNonZeros(float* row, int columns, int* places, float* factors)
    {
        var column = 0;
        for (; column <= columns - Vector256<float>.Count; column += Vector256<float>.Count)
        {
            for (var left = NonZeros(row + column); left != 0; left &= left - 1)
            {
                var place = column + BitOperations.TrailingZeroCount(left);
                (*places++, *factors++) = (place, row[place]);
            }
        }

        for (; column < columns; column++)
        {
            if (!IsZero(row[column]))
            {
                (*places++, *factors++) = (column, row[column]);
            }
        }
    }

    // By bits: whether a tiny number equals 0 is a setting of each thread, and all must count alike.
    private static uint NonZeros(float* numbers) =>
        ~Vector256.Equals(Vector256.Load((uint*)numbers) << 1, Vector256<uint>.Zero).ExtractMostSignificantBits() & 0xFF;

    private static bool IsZero(float number) => BitConverter.SingleToUInt32Bits(number) << 1 == 0;
}
