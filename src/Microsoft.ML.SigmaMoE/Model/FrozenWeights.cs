using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Weights in the forms that products read, made once for a network whose weights do not change any more: what few tokens
/// cost is reading weights, and without this every call would convert all of them first. One of a network, which owns it.
/// </summary>
/// <remarks>
/// Until <see cref="Freeze"/> nothing is kept, and every call makes its own: training changes weights in place. Forms are made
/// by the first call that needs them. The float32 weights stay; in bfloat16 what is kept takes half of their memory, in float32
/// as much again, and half of that for experts. Safe to use from several threads at once.
/// </remarks>
internal sealed class FrozenWeights : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(nint Weight, Type Form), IDisposable> _forms = [];
    private volatile bool _isFrozen;

    /// <summary>Gets whether weights have stopped to change.</summary>
    public bool IsFrozen => _isFrozen;

    /// <summary>Says that weights do not change from now on.</summary>
    public void Freeze() => _isFrozen = true;

    /// <summary>
    /// Gets a weight in a number type: itself, what is kept, or a copy in the caller's scope through which gradients flow.
    /// </summary>
    public Tensor Rounded(Tensor weight, ScalarType type) =>
        weight.dtype == type ? weight
        : !CanKeep ? weight.to(type)
        : Get((weight.Handle, typeof(Tensor)), () => weight.to(type).DetachFromDisposeScope());

    /// <summary>Gets a weight as tiles read it, or null where it may change or tiles are not the fastest way.</summary>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="type">The number type of products.</param>
    /// <param name="rows">How many rows are multiplied by it.</param>
    public PackedMatrix? Packed(Tensor weight, ScalarType type, long rows) =>
        CanKeep && PackedMatrix.Takes(weight, type, rows)
            ? Get((weight.Handle, typeof(PackedMatrix)), () => PackedMatrix.Of(weight, type))
            : null;

    /// <summary>Gets the weights of all experts as tiles in bfloat16 read them, or null where they may change.</summary>
    /// <param name="up">[experts, G, D], float32, contiguous, on the processor.</param>
    /// <param name="down">[experts, G, D], likewise.</param>
    public PackedExperts? Experts(Tensor up, Tensor down) => CanKeep
        ? Get((up.Handle, typeof(PackedExperts)), () => PackedExperts.All(up, down))
        : null;

    /// <summary>Gets a matrix of all experts as tiles in float32 read it, or null where it may change.</summary>
    /// <param name="up">[experts, G, D], float32, contiguous, on the processor.</param>
    /// <param name="panel">Neurons of a panel.</param>
    public FloatPanels? Panels(Tensor up, int panel) => CanKeep
        ? Get((up.Handle, typeof(FloatPanels)), () => FloatPanels.All(up, panel))
        : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var form in _forms.Values)
            {
                form.Dispose();
            }

            _forms.Clear();
        }
    }

    // What is kept has no gradient.
    private bool CanKeep => _isFrozen && !is_grad_enabled();

    private TForm Get<TForm>((nint Weight, Type Form) key, Func<TForm> make)
        where TForm : IDisposable
    {
        lock (_gate)
        {
            if (!_forms.TryGetValue(key, out var form))
            {
                _forms.Add(key, form = make());
            }

            return (TForm)form;
        }
    }
}
