using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Attention of one new token a row on the processor, head by head from the cache as it stands:
/// attended[h] = softmax_j(byContent[h] · k[h, j] + byPosition[h] · p[h, j]) · v[h].
/// libtorch would compile its bfloat16 multiplications anew for every number of keys.
/// </summary>
internal static unsafe class CachedAttention
{
    // From about this many numbers of keys on a second thread is worth its call.
    private const long PieceOfKeys = 1 << 16;

    /// <summary>Computes [batch, 1, heads · head], float32.</summary>
    /// <param name="byContent">[batch, heads, 1, head]: the scaled queries with u.</param>
    /// <param name="byPosition">[batch, heads, 1, head]: the scaled queries with v.</param>
    /// <param name="cache">Float32 keys, values and positions; the token's own are already there.</param>
    /// <param name="seen">How many of the latest tokens are seen.</param>
    public static Tensor Apply(Tensor byContent, Tensor byPosition, AttentionCache cache, int seen)
    {
        using var content = byContent.to(ScalarType.Float32).contiguous();
        using var position = byPosition.to(ScalarType.Float32).contiguous();
        var shape = cache.Keys.shape;                                            // [batch, heads, room, head]
        var (rows, heads, room, size) = ((int)(shape[0] * shape[1]), (int)shape[1], shape[2], (int)shape[3]);
        var attended = zeros([shape[0], 1, heads * size], dtype: ScalarType.Float32);
        var reach = cache.Places.size(1);
        var queries = TensorMemory.Of<float>(content);
        var queriesByPosition = TensorMemory.Of<float>(position);
        var first = (cache.First + cache.Length - seen) * size;
        var keys = TensorMemory.Of<float>(cache.Keys) + first;
        var values = TensorMemory.Of<float>(cache.Values) + first;
        var places = TensorMemory.Of<float>(cache.Places) + (reach - seen) * size;
        var target = TensorMemory.Of<float>(attended);
        var threads = (int)Math.Clamp((long)rows * seen * size / PieceOfKeys, 1, CpuWork.Threads);
        CpuWork.Run(threads, rows, row =>
        {
            var (logits, byPlace) = (new float[seen], new float[seen]);
            fixed (float* weights = logits, more = byPlace)
            {
                RowProducts.Dot(keys + row * room * size, seen, size, queries + row * size, weights);
                RowProducts.Dot(places + row % heads * reach * size, seen, size, queriesByPosition + row * size, more);
                Softmax(logits, byPlace);
                RowProducts.Add(values + row * room * size, weights, seen, size, target + row * size);
            }
        });
        return attended;
    }

    private static void Softmax(Span<float> logits, ReadOnlySpan<float> byPlace)
    {
        TensorPrimitives.Add(logits, byPlace, logits);
        TensorPrimitives.Subtract(logits, TensorPrimitives.Max<float>(logits), logits);
        TensorPrimitives.Exp(logits, logits);
        TensorPrimitives.Divide(logits, TensorPrimitives.Sum<float>(logits), logits);
    }
}
