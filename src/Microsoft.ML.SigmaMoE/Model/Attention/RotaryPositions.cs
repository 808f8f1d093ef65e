using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Rotary positions: the pair (x_i, x_{i + r/2}) of a head's first r numbers turns by the angle p · θ^(−2i / r), p the
/// place in memory and segment. Only differences of places matter, so p may begin anywhere.
/// </summary>
/// <param name="Cosines">[M + T, r / 2].</param>
/// <param name="Sines">[M + T, r / 2].</param>
/// <param name="Windows">Which keys each query sees.</param>
internal sealed record RotaryPositions(Tensor Cosines, Tensor Sines, KeyWindows Windows) : SegmentPositions(Windows)
{
    /// <summary>Makes the positions of a segment.</summary>
    public static RotaryPositions Create(
        RotaryAttentionOptions options, int headSize, KeyWindows windows, Device device)
    {
        var size = options.RotatedSize(headSize);
        var places = TensorNumbers.Range(0, windows.Keys, 1, ScalarType.Float32, device);  // [M + T]
        var pairs = TensorNumbers.Range(0, size, 2, ScalarType.Float32, device);           // [r / 2]
        var angles = outer(places, pairs.Times(-Math.Log(options.Theta) / size).exp());    // [M + T, r / 2]
        return new(angles.cos(), angles.sin(), windows);
    }

    /// <summary>Rotates the last places of the segment.</summary>
    /// <param name="x">[batch, heads, places, head], float32.</param>
    public Tensor Rotate(Tensor x)
    {
        var (half, first) = (Cosines.size(1), Cosines.size(0) - x.size(2));
        var (cosines, sines) = (Cosines.narrow(0, first, x.size(2)), Sines.narrow(0, first, x.size(2)));
        var (left, right) = (x.narrow(3, 0, half), x.narrow(3, half, half)); // [batch, heads, places, r / 2]
        var rest = x.narrow(3, 2 * half, x.size(3) - 2 * half);
        return cat([(left * cosines).Plus((right * sines).Times(-1)), (right * cosines).Plus(left * sines), rest], 3);
    }
}
