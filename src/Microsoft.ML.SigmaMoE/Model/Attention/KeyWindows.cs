using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Which keys the T queries of a segment see of the S = M + T keys, of which M come from memory: query i sees those
/// from its first visible key to key M + i, itself.
/// </summary>
/// <param name="Time">T, the number of queries.</param>
/// <param name="Memory">M, the number of keys before them.</param>
/// <param name="SameLength">Whether query i loses the i oldest keys of a non-empty memory.</param>
/// <param name="Starts">
/// [batch · T]: the key at which each query's document starts, or null where all text is one document.
/// </param>
internal sealed record KeyWindows(long Time, long Memory, bool SameLength = false, int[]? Starts = null)
{
    /// <summary>Gets S, the number of keys.</summary>
    public long Keys => Memory + Time;

    /// <summary>Gets the first key that a query of a row of the batch sees.</summary>
    public int First(long row, long query)
    {
        var byLength = SameLength && Memory > 0 ? (int)query : 0;
        return Starts is null ? byLength : Math.Max(byLength, Starts[row * Time + query]);
    }

    /// <summary>
    /// Makes a mask that is true where a query must not see a key: [T, S], or [batch, 1, T, S] with documents.
    /// </summary>
    public Tensor Hidden(Device device)
    {
        var all = ones(Time, Keys, dtype: ScalarType.Bool, device: device);
        var later = all.triu(Memory + 1);                                                  // j − M > i
        var hidden = SameLength && Memory > 0 ? later.logical_or(all.tril(-1)) : later;    // or j < i
        if (Starts is null)
        {
            return hidden;
        }

        var keys = TensorNumbers.Range(0, Keys, 1, ScalarType.Int32, device);  // [S]
        var starts = from_array(Starts).to(device).view(-1, 1, Time, 1);       // [batch, 1, T, 1]
        return hidden.logical_or(keys.less(starts));
    }
}
