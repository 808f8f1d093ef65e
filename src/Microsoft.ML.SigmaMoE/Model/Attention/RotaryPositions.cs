using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Rotary positions: the pair (x_i, x_{i + r/2}) of a head's first r numbers turns by the angle p · θ^(−2i / r), p the
/// place in memory and segment. Only differences of places matter, so p may begin anywhere.
/// </summary>
/// <param name="Cosines">[M + T, r / 2].</param>
/// <param name="Sines">[M + T, r / 2].</param>
/// <param name="Hidden">[T, M + T]: true where query i must not see key j.</param>
internal sealed record RotaryPositions(Tensor Cosines, Tensor Sines, Tensor Hidden) : SegmentPositions(Hidden)
{
    /// <summary>Makes the positions of a segment.</summary>
    public static RotaryPositions Create(
        RotaryAttentionOptions options, int headSize, long time, long memory, bool sameLength, Device device)
    {
        var size = options.RotatedSize(headSize);
        var places = TensorNumbers.Range(0, memory + time, 1, ScalarType.Float32, device);      // [M + T]
        var pairs = TensorNumbers.Range(0, size, 2, ScalarType.Float32, device);                // [r / 2]
        var angles = outer(places, pairs.Times(-Math.Log(options.Theta) / size).exp());         // [M + T, r / 2]
        return new(angles.cos(), angles.sin(), Hide(time, memory, sameLength, device));
    }

    /// <summary>Rotates the last places of the segment.</summary>
    /// <param name="x">[batch, heads, places, head], float32.</param>
    public Tensor Rotate(Tensor x)
    {
        var (half, first) = (Cosines.shape[1], Cosines.shape[0] - x.shape[2]);
        var (cosines, sines) = (Cosines.narrow(0, first, x.shape[2]), Sines.narrow(0, first, x.shape[2]));
        var (left, right) = (x.narrow(3, 0, half), x.narrow(3, half, half));                    // [batch, heads, places, r / 2]
        var rest = x.narrow(3, 2 * half, x.shape[3] - 2 * half);
        return cat([(left * cosines).Plus((right * sines).Times(-1)), (right * cosines).Plus(left * sines), rest], 3);
    }
}
