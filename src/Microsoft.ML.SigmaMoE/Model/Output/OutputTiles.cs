using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The output layer in bfloat16 with float32 sums over <see cref="Brgemm"/>, in tiles of tokens whose logits stay in
/// the cache: multiply → softmax → gradient by logits → gradient by hidden states. What is kept of a tile, for the
/// gradient by the matrix, is the gradient by logits in bfloat16, of a bounded number of tokens at once.
/// </summary>
/// <remarks>For a given number of threads results never change.</remarks>
internal static unsafe class OutputTiles
{
    /// <summary>Computes the loss and all gradients of contiguous tensors.</summary>
    /// <inheritdoc cref="OutputLoss.Apply"/>
    public static OutputGradients Run(Tensor hidden, Tensor matrix, Tensor bias, Tensor targets)
    {
        var (shape, tokens) = (new OutputShape((int)matrix.size(1), (int)matrix.size(0)), hidden.size(0));
        var result = (ByHidden: empty_like(hidden), ByMatrix: empty_like(matrix), ByBias: zeros_like(bias));
        using var packed = new PackedOutput(TensorMemory.Of<float>(matrix), shape);
        using var block = new OutputBlock(shape, tokens) { Bias = shape.Pad(TensorMemory.Of<float>(bias)) };
        var target = TensorMemory.Of<float>(result.ByMatrix);
        var loss = 0.0;
        for (var first = 0L; first < tokens; first += block.Rows)
        {
            block.Begin(
                first, TensorMemory.Of<float>(hidden), TensorMemory.Of<float>(result.ByHidden),
                TensorMemory.Of<long>(targets));
            loss += ByTokens(block, packed, new(TensorMemory.Of<float>(result.ByBias), shape.Vocabulary));
            var isFirst = first == 0;
            CpuWork.Run(
                CpuWork.Threads, shape.Panels, () => new OutputWeightPass(block), (pass, panel) => pass.Run(panel, target, isFirst));
        }

        return new(loss / tokens, result.ByHidden, result.ByMatrix, result.ByBias);
    }

    // Sums are added in the order of the threads' shares, whichever was first.
    private static double ByTokens(OutputBlock block, PackedOutput packed, Span<float> byBias)
    {
        var threads = CpuWork.Threads;
        var rows = block.TileRows(threads);
        var tiles = (block.Count + rows - 1) / rows;
        var (losses, width) = (new double[threads], block.Shape.PaddedVocabulary);
        using var sums = new Scratch<float>((long)threads * width);             // [threads, padded V]
        CpuWork.Run(threads, threads, thread =>
        {
            using var pass = new OutputTilePass(block, packed, sums.Pointer + (long)thread * width);
            for (var tile = tiles * thread / threads; tile < tiles * (thread + 1) / threads; tile++)
            {
                pass.Run(tile * rows, Math.Min(rows, block.Count - tile * rows));
            }

            losses[thread] = pass.Loss;
        });
        for (var thread = 0; thread < threads; thread++)
        {
            TensorPrimitives.Add(
                byBias, new ReadOnlySpan<float>(sums.Pointer + (long)thread * width, byBias.Length), byBias);
        }

        return losses.Sum();
    }
}
