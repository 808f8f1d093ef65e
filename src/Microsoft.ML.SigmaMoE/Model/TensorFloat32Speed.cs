using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Lets libtorch round what it multiplies in float32 on GPUs to tf32, as kernels do for <see cref="Precision.TensorFloat32"/>:
/// the switch is the process's. Chosen while a network that asks for it lives on a GPU; put back with the last one.
/// </summary>
internal sealed class TensorFloat32Speed : IDisposable
{
    private const string Setting = "torch.backends.cuda.matmul.allow_tf32=true";
    private static readonly Lock Gate = new();

    private static int _holders;
    private static bool _isChanged;
    private bool _isHeld = true;

    private TensorFloat32Speed()
    {
    }

    /// <summary>Allows it, if this library may change anything and it is not allowed already.</summary>
    public static TensorFloat32Speed Hold()
    {
        lock (Gate)
        {
            if (_holders++ == 0 && ProcessSettings.AreAllowed && !backends.cuda.matmul.allow_tf32)
            {
                backends.cuda.matmul.allow_tf32 = _isChanged = true;
                ProcessSettings.Report(Setting, isChanged: true);
            }
        }

        return new();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (Gate)
        {
            if (_isHeld && --_holders == 0 && _isChanged)
            {
                // forbidding what was forbidden meanwhile changes nothing
                backends.cuda.matmul.allow_tf32 = _isChanged = false;
                ProcessSettings.Report(Setting, isChanged: false);
            }

            _isHeld = false;
        }
    }
}
