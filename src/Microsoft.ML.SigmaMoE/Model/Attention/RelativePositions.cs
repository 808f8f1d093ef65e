using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Positions of one segment, shared by all layers: T queries see M + T keys, of which M come from memory. A key's
/// position is relative to the query, r = j − (i + M), and only r ≤ 0 is visible.
/// </summary>
/// <param name="Sinusoids">
/// [M + T, d_model]: row p encodes r = p − (M + T − 1), so the last row is the token itself.
/// </param>
/// <param name="Windows">Which keys each query sees.</param>
internal sealed record RelativePositions(Tensor Sinusoids, KeyWindows Windows) : SegmentPositions(Windows)
{
    /// <summary>Makes the positions of a segment.</summary>
    /// <param name="windows">Which keys each query sees.</param>
    /// <param name="modelSize">d_model.</param>
    /// <param name="device">Where the tensors live.</param>
    public static RelativePositions Create(KeyWindows windows, long modelSize, Device device) =>
        new(Encode(windows.Memory + windows.Time, modelSize, device), windows);

    /// <summary>
    /// Makes the positions of tokens that follow a cache, which keeps projections of the sinusoids: here are none.
    /// </summary>
    /// <inheritdoc cref="Create"/>
    public static RelativePositions Continue(KeyWindows windows, long modelSize, Device device) =>
        new(empty([0, modelSize], device: device), windows);

    /// <summary>
    /// Moves row i of [.., T, S], S = M + T, so that column j holds what stood at position p = j − i + T − 1: from "by
    /// relative position" to "by key". What moves in from outside belongs to keys that are hidden.
    /// </summary>
    /// <remarks>
    /// One column of zeros in front makes rows one longer; read again at the old length, each row starts one later.
    /// </remarks>
    public static Tensor Shift(Tensor byPosition)
    {
        var shape = byPosition.shape;                                              // [batch, heads, T, S]
        var padded = nn.functional.pad(byPosition, [1, 0]);                        // [batch, heads, T, S + 1]
        return padded.view(shape[0], shape[1], shape[3] + 1, shape[2])
            .slice(2, 1, shape[3] + 1, 1)                                          // [batch, heads, S, T]
            .reshape(shape);                                                       // [batch, heads, T, S]
    }

    /// <summary>
    /// Computes the sinusoids of the positions r = 1 − count … 0, [count, d_model]:
    /// S(r)[2m] = sin(r ω_m), S(r)[2m + 1] = cos(r ω_m), ω_m = 10000^(−2m / d_model).
    /// </summary>
    public static Tensor Encode(long count, long modelSize, Device device)
    {
        var relative = TensorNumbers.Range(1 - count, 1, 1, ScalarType.Float32, device);  // [count]
        var pair = TensorNumbers.Range(0, modelSize, 2, ScalarType.Float32, device);      // [d_model / 2]
        var angles = outer(relative, exp(pair.Times(-Math.Log(10000) / modelSize)));      // [count, d_model / 2]
        return stack([angles.sin(), angles.cos()], -1).view(count, modelSize);            // [count, d_model]
    }
}
