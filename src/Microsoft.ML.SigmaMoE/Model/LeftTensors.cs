using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The gradients that the last backward pass on a thread returned. libtorch takes hold of them only after that method
/// has returned, so they can be freed no earlier than when the thread next works for it; in no dispose scope, for that
/// of a training step would keep every layer's until the step is done, and a thread of libtorch's has none. There the
/// last ones stay: of one step, the first layer's.
/// </summary>
internal sealed class LeftTensors
{
    [ThreadStatic]
    private static LeftTensors? _ofThisThread;
    private readonly List<Tensor> _tensors = [];

    /// <summary>Gets what was left on this thread.</summary>
    public static LeftTensors OfThisThread => _ofThisThread ??= new();

    /// <summary>Takes tensors from the scope that owns them.</summary>
    public void Add(IEnumerable<Tensor?> tensors) =>
        _tensors.AddRange(tensors.OfType<Tensor>().Select(tensor => tensor.DetachFromDisposeScope()));

    /// <summary>Frees them.</summary>
    public void Free()
    {
        _tensors.ForEach(tensor => tensor.Dispose());
        _tensors.Clear();
    }
}
