using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The gradient by a panel of the output matrix over a block's tokens: hiddenᵀ · gradient by logits, [D, panel], turned
/// round in the cache. One thread does a whole panel, so that the order of its sums never changes.
/// </summary>
internal sealed unsafe class OutputWeightPass(OutputBlock block) : IDisposable
{
    private const int Panel = OutputShape.Panel;
    private readonly Brgemm _brgemm = new();
    private readonly Scratch<float> _product = new((long)block.Shape.PaddedModelSize * Panel, isZeroed: false);
    private readonly Scratch<float> _turned = new((long)block.Shape.ModelSize * Panel, isZeroed: false);

    /// <summary>Computes a panel.</summary>
    /// <param name="panel">Which.</param>
    /// <param name="gradient">[V, D].</param>
    /// <param name="isFirst">Whether the gradient is set; else it is added to.</param>
    public void Run(int panel, float* gradient, bool isFirst)
    {
        var size = block.Shape.ModelSize;
        var first = panel * Panel;
        var rows = Math.Min(Panel, block.Shape.Vocabulary - first);
        _brgemm.Multiply(
            block.Shape.PaddedModelSize, Panel, block.PaddedCount, (ushort*)block.Turned(0), block.TurnedStride,
            (ushort*)block.ByLogits(panel, 0), _product.Pointer, Panel, accumulate: false);
        var target = gradient + (long)first * size;
        var turned = isFirst ? target : _turned.Pointer;
        PairPacking.Transpose((uint*)_product.Pointer, size, rows, Panel, (uint*)turned, size);
        if (!isFirst)
        {
            var sum = new Span<float>(target, rows * size);
            TensorPrimitives.Add(sum, new ReadOnlySpan<float>(turned, rows * size), sum);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _brgemm.Dispose();
        _product.Dispose();
        _turned.Dispose();
    }
}
