using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Copies between streams and tensors piece by piece, through spans over the tensor's own memory: libtorch can hold
/// more in one tensor than a span can, and a stream may buffer as much as it is asked for.
/// </summary>
internal static class TensorStreams
{
    private const int PieceBytes = 1 << 20;

    /// <summary>Writes the elements in row-major order.</summary>
    public static void WriteTensor(this Stream stream, Tensor tensor)
    {
        using var detached = tensor.detach();
        using var near = detached.cpu();
        using var dense = near.contiguous();
        foreach (var piece in Pieces(dense))
        {
            using (piece)
            {
                stream.Write(piece.bytes);
            }
        }
    }

    /// <summary>Fills a dense tensor in main memory with the next bytes of the stream.</summary>
    /// <exception cref="EndOfStreamException">The stream ends too early.</exception>
    public static void ReadTensor(this Stream stream, Tensor dense)
    {
        using var detached = dense.detach();
        foreach (var piece in Pieces(detached))
        {
            using (piece)
            {
                stream.ReadExactly(piece.bytes);
            }
        }
    }

    /// <summary>
    /// Gets whether every byte of a tensor of truth values is 0 or 1; any other is undefined behaviour in libtorch.
    /// </summary>
    public static bool HasOnlyTruthValues(Tensor dense)
    {
        foreach (var piece in Pieces(dense))
        {
            using (piece)
            {
                if (piece.bytes.ContainsAnyExceptInRange((byte)0, (byte)1))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static IEnumerable<Tensor> Pieces(Tensor dense)
    {
        var count = dense.numel();
        var pieceCount = PieceBytes / dense.ElementSize;
        for (var start = 0L; start < count; start += pieceCount)
        {
            using var flat = dense.view(count);
            yield return flat.narrow(0, start, Math.Min(pieceCount, count - start));
        }
    }
}
