using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The K largest numbers of each of many rows, what <see cref="LargestValues"/> finds of one. Eight rows are searched
/// at once, each in a lane of its own, so that no branch depends on a comparison.
/// </summary>
/// <param name="width">Numbers of a row.</param>
/// <param name="wanted">K.</param>
internal sealed unsafe class LargestInRows(int width, int wanted) : IDisposable
{
    private const int Lanes = 8;

    private readonly Scratch<float> _turned = new((long)width * Lanes, isZeroed: false);
    private readonly Scratch<float> _largest = new((long)wanted * Lanes, isZeroed: false);
    private readonly Scratch<int> _places = new((long)wanted * Lanes, isZeroed: false);
    private readonly int[] _one = new int[wanted];

    /// <summary>
    /// Finds the largest numbers of some rows, those of a row in falling order; of equal ones the earlier.
    /// </summary>
    /// <param name="rows">[count, width].</param>
    /// <param name="count">How many rows.</param>
    /// <param name="places">[count, K]: gets where they stand, all of a row different.</param>
    /// <param name="largest">[count, K]: gets the numbers themselves.</param>
    public void Find(float* rows, int count, long* places, float* largest)
    {
        var row = 0;
        for (; row <= count - Lanes; row += Lanes)
        {
            PairPacking.Transpose((uint*)rows + (long)row * width, Lanes, width, width, (uint*)_turned.Pointer, Lanes);
            var isWhole = Search();
            for (var lane = 0; lane < Lanes; lane++)
            {
                Write(rows, row + lane, lane, isWhole, places, largest);
            }
        }

        for (; row < count; row++)
        {
            FindOne(rows, row, places, largest);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _turned.Dispose();
        _largest.Dispose();
        _places.Dispose();
    }

    // Inserts number after number where it belongs among the largest so far. Returns whether each lane found K numbers:
    // NaN and −∞ are above nothing.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool Search()
    {
        new Span<float>(_largest.Pointer, wanted * Lanes).Fill(float.NegativeInfinity);
        new Span<int>(_places.Pointer, wanted * Lanes).Fill(-1);
        var last = _largest.Pointer + (wanted - 1) * Lanes;
        for (var place = 0; place < width; place++)
        {
            var value = Vector256.Load(_turned.Pointer + place * Lanes);
            if (Vector256.GreaterThanAny(value, Vector256.Load(last)))
            {
                Insert(value, Vector256.Create(place));
            }
        }

        return !Vector256.LessThanAny(Vector256.Load(_places.Pointer + (wanted - 1) * Lanes), Vector256<int>.Zero);
    }

    // What was above the place of insertion stays, what was below moves on by one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Insert(Vector256<float> value, Vector256<int> place)
    {
        var moves = Vector256<int>.Zero;
        for (var rank = 0; rank < wanted * Lanes; rank += Lanes)
        {
            var (here, at) = (Vector256.Load(_largest.Pointer + rank), Vector256.Load(_places.Pointer + rank));
            moves |= Vector256.GreaterThan(value, here).AsInt32();
            Vector256.ConditionalSelect(moves.AsSingle(), value, here).Store(_largest.Pointer + rank);
            Vector256.ConditionalSelect(moves, place, at).Store(_places.Pointer + rank);
            value = Vector256.ConditionalSelect(moves.AsSingle(), here, value);
            place = Vector256.ConditionalSelect(moves, at, place);
        }
    }

    private void Write(float* rows, int row, int lane, bool isWhole, long* places, float* largest)
    {
        if (!isWhole && _places.Pointer[(wanted - 1) * Lanes + lane] < 0)
        {
            FindOne(rows, row, places, largest);
            return;
        }

        for (var rank = 0; rank < wanted; rank++)
        {
            places[(long)row * wanted + rank] = _places.Pointer[rank * Lanes + lane];
            largest[(long)row * wanted + rank] = _largest.Pointer[rank * Lanes + lane];
        }
    }

    private void FindOne(float* rows, int row, long* places, float* largest)
    {
        LargestValues.Find(new(rows + (long)row * width, width), _one, new(largest + (long)row * wanted, wanted));
        for (var rank = 0; rank < wanted; rank++)
        {
            places[(long)row * wanted + rank] = _one[rank];
        }
    }
}
