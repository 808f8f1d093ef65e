using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Products of a vector with the rows of a matrix as it is stored. With one token a model reads its weights once, so
/// reading is what takes time: row after row, which the processor reads ahead of (four rows at once were 0.6 of the
/// speed).
/// </summary>
internal static unsafe class RowProducts
{
    /// <summary>
    /// How far ahead weights are asked for. The processor reads ahead too, but only within a page of 4 kB, and begins
    /// anew in the next.
    /// </summary>
    public const int BytesAhead = 4096;

    private const int Line = 64 / sizeof(float);

    /// <summary>products[i] = rows[i] · x.</summary>
    /// <param name="rows">[count, width].</param>
    /// <param name="count">How many rows.</param>
    /// <param name="width">The length of a row.</param>
    /// <param name="x">[width].</param>
    /// <param name="products">[count].</param>
    public static void Dot(float* rows, int count, int width, float* x, float* products)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            Dot<Lanes512, Vector512<float>>(rows, count, width, x, products);
        }
        else
        {
            Dot<Lanes256, Vector256<float>>(rows, count, width, x, products);
        }
    }

    /// <summary>sum += Σ factors[i] · rows[places[i]].</summary>
    /// <param name="rows">Rows of <paramref name="width"/>.</param>
    /// <param name="places">Which rows.</param>
    /// <param name="factors">What each is multiplied by.</param>
    /// <param name="width">The length of a row.</param>
    /// <param name="sum">[width].</param>
    public static void AddSome(
        float* rows, ReadOnlySpan<int> places, ReadOnlySpan<float> factors, int width, float* sum)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            AddSome<Lanes512, Vector512<float>>(rows, places, factors, width, sum);
        }
        else
        {
            AddSome<Lanes256, Vector256<float>>(rows, places, factors, width, sum);
        }
    }

    /// <summary>sum += Σ factors[i] · rows[i].</summary>
    /// <param name="rows">[count, width].</param>
    /// <param name="factors">[count].</param>
    /// <param name="count">How many rows.</param>
    /// <param name="width">The length of a row.</param>
    /// <param name="sum">[width].</param>
    public static void Add(float* rows, float* factors, int count, int width, float* sum)
    {
        for (var row = 0; row < count; row++)
        {
            if (Vector512.IsHardwareAccelerated)
            {
                Add<Lanes512, Vector512<float>>(rows + (long)row * width, factors[row], width, sum);
            }
            else
            {
                Add<Lanes256, Vector256<float>>(rows + (long)row * width, factors[row], width, sum);
            }
        }
    }

    private static void Dot<TLanes, TVector>(float* rows, int count, int width, float* x, float* products)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        for (var row = 0; row < count; row++)
        {
            products[row] = Dot<TLanes, TVector>(rows + (long)row * width, x, width);
        }
    }

    private static void AddSome<TLanes, TVector>(
        float* rows, ReadOnlySpan<int> places, ReadOnlySpan<float> factors, int width, float* sum)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var ahead = Math.Clamp(BytesAhead / sizeof(float) / width, 1, 4);
        for (var row = 0; row < places.Length; row++)
        {
            if (row + ahead < places.Length)    // which row comes next the processor cannot know
            {
                Prefetch(rows + (long)places[row + ahead] * width, width);
            }

            Add<TLanes, TVector>(rows + (long)places[row] * width, factors[row], width, sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot<TLanes, TVector>(float* a, float* x, int width)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var (s, t, u, v) = (TLanes.Fill(0), TLanes.Fill(0), TLanes.Fill(0), TLanes.Fill(0));
        var step = TLanes.Count;
        var i = 0;
        for (; i <= width - 4 * step; i += 4 * step)
        {
            PrefetchStep<TLanes, TVector>(a + i + BytesAhead / sizeof(float));
            s = TLanes.MultiplyAdd(TLanes.Load(a + i), TLanes.Load(x + i), s);
            t = TLanes.MultiplyAdd(TLanes.Load(a + i + step), TLanes.Load(x + i + step), t);
            u = TLanes.MultiplyAdd(TLanes.Load(a + i + 2 * step), TLanes.Load(x + i + 2 * step), u);
            v = TLanes.MultiplyAdd(TLanes.Load(a + i + 3 * step), TLanes.Load(x + i + 3 * step), v);
        }

        for (; i <= width - step; i += step)
        {
            s = TLanes.MultiplyAdd(TLanes.Load(a + i), TLanes.Load(x + i), s);
        }

        var sum = TLanes.Sum(TLanes.Add(TLanes.Add(s, t), TLanes.Add(u, v)));
        for (; i <= width - 4; i += 4)
        {
            sum += Vector128.Dot(Vector128.Load(a + i), Vector128.Load(x + i));
        }

        for (; i < width; i++)
        {
            sum += a[i] * x[i];
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add<TLanes, TVector>(float* a, float factor, int width, float* sum)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var f = TLanes.Fill(factor);
        var i = 0;
        for (; i <= width - TLanes.Count; i += TLanes.Count)
        {
            TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(a + i), f, TLanes.Load(sum + i)), sum + i);
        }

        for (; i <= width - 4; i += 4)
        {
            (Vector128.Load(sum + i) + Vector128.Load(a + i) * factor).Store(sum + i);
        }

        for (; i < width; i++)
        {
            sum[i] += factor * a[i];
        }
    }

    private static void Prefetch(float* row, int width)
    {
        for (var i = 0; Sse.IsSupported && i < width; i += Line)
        {
            Sse.Prefetch1(row + i);
        }
    }

    // The lines of four registers. Past the end of a matrix nothing is read, and nothing fails.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchStep<TLanes, TVector>(float* start)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(start);
            Sse.Prefetch1(start + Line);
        }

        if (Sse.IsSupported && TLanes.Count > 8)
        {
            Sse.Prefetch1(start + 2 * Line);
            Sse.Prefetch1(start + 3 * Line);
        }
    }
}
