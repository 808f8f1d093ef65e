using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Products of a sparse matrix with rows of float32 or bfloat16: no row is ever copied. Every result is added up in the
/// order of the matrix by one thread, so that results depend on nothing but the operands.
/// </summary>
internal static unsafe class SparseProducts
{
    /// <summary>Gets whether this processor has the registers, and rows fill one.</summary>
    public static bool Take(long width) =>
        Processor.HasRegisterTiles && width >= (Vector512.IsHardwareAccelerated ? Lanes512.Count : Lanes256.Count);

    /// <summary>
    /// Computes result[r] = Σ over r's numbers of factor · rows[place], [matrix rows, width], float32.
    /// </summary>
    /// <param name="matrix">The sparse matrix.</param>
    /// <param name="rows">[matrix columns, width], contiguous, float32 or bfloat16.</param>
    public static Tensor Sum(SparseMatrix matrix, Tensor rows) => Vector512.IsHardwareAccelerated
        ? Sum<Lanes512, Vector512<float>>(matrix, rows)
        : Sum<Lanes256, Vector256<float>>(matrix, rows);

    /// <summary>
    /// Computes x[r] · rows[place] for every number that the matrix keeps, in its order: [numbers], float32.
    /// </summary>
    /// <param name="matrix">The sparse matrix, whose factors are not read.</param>
    /// <param name="x">[matrix rows, width], contiguous, float32.</param>
    /// <param name="rows">[matrix columns, width], contiguous, float32 or bfloat16.</param>
    public static Tensor Dots(SparseMatrix matrix, Tensor x, Tensor rows) => Vector512.IsHardwareAccelerated
        ? Dots<Lanes512, Vector512<float>>(matrix, x, rows)
        : Dots<Lanes256, Vector256<float>>(matrix, x, rows);

    /// <summary>Sums with registers of one width.</summary>
    internal static Tensor Sum<TLanes, TVector>(SparseMatrix matrix, Tensor rows)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var result = empty(matrix.Rows, rows.size(1), dtype: ScalarType.Float32);
        if (rows.dtype == ScalarType.BFloat16)
        {
            Pass<TLanes, TVector, ushort>.Of(matrix, rows).Sum(TensorMemory.Of<float>(result));
        }
        else
        {
            Pass<TLanes, TVector, float>.Of(matrix, rows).Sum(TensorMemory.Of<float>(result));
        }

        return result;
    }

    /// <summary>Multiplies with registers of one width.</summary>
    internal static Tensor Dots<TLanes, TVector>(SparseMatrix matrix, Tensor x, Tensor rows)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var result = empty(matrix.Count, dtype: ScalarType.Float32);
        if (rows.dtype == ScalarType.BFloat16)
        {
            Pass<TLanes, TVector, ushort>.Of(matrix, rows).Dots(
                TensorMemory.Of<float>(x), TensorMemory.Of<float>(result));
        }
        else
        {
            Pass<TLanes, TVector, float>.Of(matrix, rows).Dots(
                TensorMemory.Of<float>(x), TensorMemory.Of<float>(result));
        }

        return result;
    }

    /// <summary>One product, compiled for each width of registers and type of numbers.</summary>
    private sealed class Pass<TLanes, TVector, TNumber>(
        int* offsets, int* places, float* factors, TNumber* rows, int count, long numbers, int width)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
        where TNumber : unmanaged
    {
        // A band of all rows shall stay in the second-level cache while their tokens come by: 64 columns of 4,096 rows
        // are 1 MB.
        private static readonly int Band = 4 * TLanes.Count;

        public static Pass<TLanes, TVector, TNumber> Of(SparseMatrix matrix, Tensor rows) => new(
            TensorMemory.Of<int>(matrix.Offsets), TensorMemory.Of<int>(matrix.Places),
            TensorMemory.Of<float>(matrix.Factors),
            TensorMemory.Of<TNumber>(rows), matrix.Rows, matrix.Count, (int)rows.size(1));

        public void Sum(float* result)
        {
            var stretches = CpuWork.Pieces(count);
            var bands = (width + Band - 1) / Band;
            CpuWork.Run(CpuWork.Readers(numbers * width), bands * stretches.Count, piece =>
            {
                var (first, end) = stretches[piece % stretches.Count];
                SumBand((int)first, (int)end, piece / stretches.Count * Band, result);
            });
        }

        public void Dots(float* x, float* result)
        {
            var stretches = CpuWork.Pieces(count);
            CpuWork.Run(CpuWork.Readers(numbers * width), stretches.Count, piece =>
                DotRows((int)stretches[piece].First, (int)stretches[piece].End, x, result));
        }

        // Where the last band is narrower, its vectors move back over columns that have been summed, to the same bits.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void SumBand(int first, int end, int column, float* result)
        {
            var last = width - TLanes.Count;
            var a = Math.Min(column, last);
            var b = Math.Min(column + TLanes.Count, last);
            var c = Math.Min(column + 2 * TLanes.Count, last);
            var d = Math.Min(column + 3 * TLanes.Count, last);
            for (var r = first; r < end; r++)
            {
                var (s, t, u, v) = (TLanes.Fill(0), TLanes.Fill(0), TLanes.Fill(0), TLanes.Fill(0));
                for (var i = offsets[r]; i < offsets[r + 1]; i++)
                {
                    var row = rows + (long)places[i] * width;
                    var factor = TLanes.Fill(factors[i]);
                    s = TLanes.MultiplyAdd(Load(row + a), factor, s);
                    t = TLanes.MultiplyAdd(Load(row + b), factor, t);
                    u = TLanes.MultiplyAdd(Load(row + c), factor, u);
                    v = TLanes.MultiplyAdd(Load(row + d), factor, v);
                }

                var target = result + (long)r * width;
                TLanes.Store(s, target + a);
                TLanes.Store(t, target + b);
                TLanes.Store(u, target + c);
                TLanes.Store(v, target + d);
            }
        }

        private void DotRows(int first, int end, float* x, float* result)
        {
            var rest = stackalloc float[TLanes.Count];
            for (var r = first; r < end; r++)
            {
                var row = x + (long)r * width;
                for (var lane = 0; lane < TLanes.Count; lane++)
                {
                    var column = width - TLanes.Count + lane;
                    rest[lane] = column < width / TLanes.Count * TLanes.Count ? 0 : row[column];
                }

                DotRow(offsets[r], offsets[r + 1], row, TLanes.Load(rest), result);
            }
        }

        // The rest: the last vector of x, with 0 for what whole vectors hold already.
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void DotRow(int first, int end, float* x, TVector rest, float* result)
        {
            for (var i = first; i < end; i++)
            {
                var row = rows + (long)places[i] * width;
                var (s, t, u) = (TLanes.Fill(0), TLanes.Fill(0), TLanes.Fill(0));
                var v = TLanes.Multiply(Load(row + width - TLanes.Count), rest);
                var column = 0;
                for (; column <= width - Band; column += Band)
                {
                    s = Add(row, x, column, s);
                    t = Add(row, x, column + TLanes.Count, t);
                    u = Add(row, x, column + 2 * TLanes.Count, u);
                    v = Add(row, x, column + 3 * TLanes.Count, v);
                }

                for (; column <= width - TLanes.Count; column += TLanes.Count)
                {
                    s = Add(row, x, column, s);
                }

                result[i] = TLanes.Sum(TLanes.Add(TLanes.Add(s, t), TLanes.Add(u, v)));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static TVector Add(TNumber* row, float* x, int column, TVector sum) =>
            TLanes.MultiplyAdd(Load(row + column), TLanes.Load(x + column), sum);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static TVector Load(TNumber* source) =>
            typeof(TNumber) == typeof(float) ? TLanes.Load((float*)source) : TLanes.Load((ushort*)source);
    }
}
