using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Weights in the forms that products read, made once for a network whose weights do not change any more: what few tokens
/// cost is reading weights, and without this every call would convert all of them first. One of a network, which owns it.
/// </summary>
/// <remarks>
/// Until <see cref="Freeze"/> nothing is kept, and every call makes its own: training changes weights in place. Forms are made
/// by the first call that needs them, beside the float32 weights, of whose memory they take half. In float32 nothing is kept:
/// the products of a short text read weights as they are stored. Safe to use from several threads at once.
/// </remarks>
internal sealed class FrozenWeights : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(nint Weight, Type Form), (Tensor Weight, IDisposable Form)> _forms = [];
    private volatile bool _isFrozen;
    private volatile bool _isFull;
    private volatile bool _areSettled;

    /// <summary>Gets whether weights have stopped to change.</summary>
    public bool IsFrozen => _isFrozen;

    /// <summary>Gets whether weights lie where they are read fastest.</summary>
    public bool AreSettled => _areSettled;

    /// <summary>Says that weights do not change from now on.</summary>
    public void Freeze() => _isFrozen = true;

    /// <summary>
    /// Says that weights are read token by token from now on: those that do not change move to larger pages, which takes a
    /// while, some milliseconds for each page where memory is slow to come.
    /// </summary>
    /// <param name="weights">Those that products read as they are stored.</param>
    public void Settle(IEnumerable<Tensor> weights)
    {
        if (!_isFrozen)
        {
            return;
        }

        lock (_gate)
        {
            _areSettled = true;
            foreach (var form in weights.Concat(_forms.Values.Select(kept => kept.Form)))
            {
                Settle(form);
            }
        }
    }

    /// <summary>
    /// Gets a weight in a number type: itself, what is kept, or a copy in the caller's scope through which gradients flow.
    /// </summary>
    public Tensor Rounded(Tensor weight, ScalarType type) =>
        weight.dtype == type ? weight
        : !CanKeep ? weight.to(type)
        : Keep(weight, () => weight.to(type).DetachFromDisposeScope()) ?? weight.to(type);

    /// <summary>Gets what is kept of a weight in some form, or null where it may change, or memory is short.</summary>
    /// <typeparam name="TForm">The form; one of each is kept of a weight.</typeparam>
    /// <param name="weight">The weight.</param>
    /// <param name="make">Makes the form the first time, on no scope's account.</param>
    public TForm? Keep<TForm>(Tensor weight, Func<TForm> make)
        where TForm : class, IDisposable
    {
        if (!CanKeep)
        {
            return null;
        }

        lock (_gate)
        {
            var key = (weight.Handle, typeof(TForm));
            if (_forms.TryGetValue(key, out var kept))
            {
                return (TForm)kept.Form;
            }

            try
            {
                var form = make();
                _forms.Add(key, (weight, form));            // the weight too: its handle must not become another's
                if (_areSettled)
                {
                    Settle(form);
                }

                return form;
            }
            catch (Exception fault) when (fault is OutOfMemoryException or ExternalException)
            {
                _isFull = true;                             // whoever asked can do without, or meets the same fault
                return null;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            DisposeForms();
            _forms.Clear();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Frees memory that no finaliser of its own frees, for a model that nobody disposed.</summary>
    ~FrozenWeights() => DisposeForms();

    private static unsafe void Settle(IDisposable form)
    {
        if (form is IKeptForm kept)
        {
            kept.Settle();
        }
        else if (form is Tensor tensor && tensor.device_type == DeviceType.CPU && tensor.is_contiguous())
        {
            HugePages.Use(TensorMemory.Of<byte>(tensor), tensor.numel() * tensor.element_size());
        }
    }

    private void DisposeForms()
    {
        foreach (var (_, form) in _forms.Values)
        {
            form.Dispose();
        }
    }

    // What is kept has no gradient.
    private bool CanKeep => _isFrozen && !_isFull && !is_grad_enabled();
}
