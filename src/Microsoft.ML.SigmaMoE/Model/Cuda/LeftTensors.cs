using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What backward passes leave behind. Gradients on a GPU are computed on a thread of libtorch's, which no dispose scope
/// reaches. The thread that asked for them waits meanwhile: it frees them when it next goes forward, by when libtorch
/// holds what it wants to keep.
/// </summary>
internal sealed class LeftTensors
{
    [ThreadStatic]
    private static LeftTensors? _ofThisThread;
    private readonly List<Tensor> _tensors = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;

    /// <summary>Gets what was left for this thread.</summary>
    public static LeftTensors OfThisThread => _ofThisThread ??= new();

    /// <summary>Leaves tensors to the owner; on the owner's own thread they belong to its scope already.</summary>
    public void Add(params Tensor?[] tensors)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            _tensors.AddRange(tensors.OfType<Tensor>());
        }
    }

    /// <summary>Frees them, on the owner's thread.</summary>
    public void Free()
    {
        _tensors.ForEach(tensor => tensor.Dispose());
        _tensors.Clear();
    }
}
