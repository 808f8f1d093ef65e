using TorchSharp;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The output layer by libtorch's products, a block of tokens at a time: logits, turned into their gradient row by row
/// where they lie, and from that the gradients by the block's hidden states and by the matrix.
/// </summary>
internal static class OutputBlocks
{
    /// <summary>The most logits that exist at once: 64 MB of float32.</summary>
    public const long MostLogits = 1 << 24;

    /// <summary>
    /// Gets whether tensors, and their products in a number type, are of a kind and size that passes on the processor
    /// can read.
    /// </summary>
    public static bool Take(Tensor hidden, Tensor matrix, ScalarType computeType) =>
        TensorRows.Hold(computeType) && hidden.dtype == ScalarType.Float32 && matrix.dtype == ScalarType.Float32
        && TensorRows.Fit(hidden) && TensorRows.Fit(matrix);

    /// <summary>Computes the loss and all gradients of contiguous tensors.</summary>
    /// <inheritdoc cref="OutputLoss.Apply"/>
    public static unsafe OutputGradients Run(
        Tensor hidden, Tensor matrix, Tensor bias, Tensor targets, ScalarType computeType)
    {
        var (tokens, vocabulary) = (hidden.size(0), matrix.size(0));
        var (byHidden, byMatrix, byBias) = (empty_like(hidden), zeros_like(matrix), zeros_like(bias));
        var block = Math.Max(1, Math.Min(tokens, MostLogits / vocabulary));
        var loss = 0.0;
        using var scope = NewDisposeScope();
        var weight = matrix.to(computeType);
        for (var first = 0L; first < tokens; first += block)
        {
            using var inner = NewDisposeScope();
            var x = hidden.narrow(0, first, Math.Min(block, tokens - first)).to(computeType);  // [block, d_model]
            var logits = MatrixProduct.Of(x, weight.t());                                      // [block, V]
            loss += Differentiate(logits, bias, TensorMemory.Of<long>(targets) + first, byBias, tokens);
            byHidden.narrow(0, first, x.size(0)).copy_(MatrixProduct.Of(logits, weight));
            byMatrix.AddInPlace(MatrixProduct.Of(logits.t(), x).to(ScalarType.Float32));
        }

        return new(loss / tokens, byHidden, byMatrix, byBias);
    }

    // Turns logits into their gradient; returns the sum of losses.
    private static unsafe double Differentiate(Tensor logits, Tensor bias, long* targets, Tensor byBias, long tokens)
    {
        var rows = new TensorRows(logits);
        var pieces = CpuWork.Pieces(rows.Count);
        var losses = new double[pieces.Count];
        using var sums = new Scratch<float>((long)pieces.Count * rows.Width);               // [pieces, V]
        var added = TensorMemory.Of<float>(bias);
        CpuWork.Each(pieces, (piece, first, end) =>
        {
            using var room = new Scratch<float>(rows.Width, isZeroed: false);
            var sum = new Span<float>(sums.Pointer + (long)piece * rows.Width, rows.Width);
            for (var token = first; token < end; token++)
            {
                var row = rows.Open(token, new(room.Pointer, rows.Width));
                losses[piece] += Differentiate(row, new(added, rows.Width), (int)targets[token], tokens);
                TensorPrimitives.Add(sum, row, sum);
                rows.Write(token, 0, row);
            }
        });
        var total = new Span<float>(TensorMemory.Of<float>(byBias), rows.Width);
        for (var piece = 0; piece < pieces.Count; piece++)   // in their order, whichever thread was first
        {
            TensorPrimitives.Add(
                total, new ReadOnlySpan<float>(sums.Pointer + (long)piece * rows.Width, rows.Width), total);
        }

        return losses.Sum();
    }

    private static double Differentiate(Span<float> row, ReadOnlySpan<float> bias, int target, long tokens)
    {
        var wanted = row[target] + bias[target];
        var (largest, sum) = SoftmaxRow.Exponentiate(row, bias);
        TensorPrimitives.Multiply(row, 1 / (sum * tokens), row);
        row[target] -= 1f / tokens;
        return Math.Log(sum) + largest - wanted;
    }
}
