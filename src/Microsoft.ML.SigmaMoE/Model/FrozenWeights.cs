using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Weights in the forms that products read, made once for a network whose weights do not change any more: what few
/// tokens cost is reading weights, and without this every call would convert all of them first. One of a network, which
/// owns it.
/// </summary>
/// <remarks>
/// Until <see cref="Freeze"/> nothing is kept, and every call makes its own: training changes weights in place. Forms
/// are made by the first call that needs them, beside the float32 weights, of whose memory they take half. In float32
/// no product has a form of its own: those of a short text read weights as they are stored. Safe to use from several
/// threads at once.
/// </remarks>
internal sealed class FrozenWeights : IDisposable
{
    /// <summary>After how many readings weights move.</summary>
    public const int ManyReadings = 256;

    private readonly Lock _gate = new();
    private readonly Dictionary<(nint Weight, Type Form), (Tensor Weight, IDisposable Form)> _forms = [];
    private volatile bool _isFrozen;
    private bool _isFull;
    private int _readings;

    /// <summary>Gets whether weights have stopped to change.</summary>
    public bool IsFrozen => _isFrozen;

    /// <summary>Says that weights do not change from now on.</summary>
    public void Freeze() => _isFrozen = true;

    /// <summary>
    /// Says that all weights are read for another token, or a few. Once that has happened often they move, meanwhile
    /// and if they do not change, to where they are read fastest. It pays after some hundred tokens.
    /// </summary>
    /// <param name="weights">Gets those that products read as they are stored.</param>
    public void CountReading(Func<IEnumerable<Tensor>> weights)
    {
        if (_isFrozen && Interlocked.Increment(ref _readings) == ManyReadings)
        {
            _ = Settle(weights());
        }
    }

    /// <summary>Moves weights, and what is kept of weights so far, to large pages, on another thread.</summary>
    /// <param name="weights">Those that products read as they are stored.</param>
    public Task Settle(IEnumerable<Tensor> weights)
    {
        List<(nint Start, long Bytes)> places;
        lock (_gate)
        {
            places = [.. weights.Concat(_forms.Values.Select(kept => kept.Form)).SelectMany(Places)];
        }

        // Should it be freed before, other memory moves: that does no harm.
        return Task.Run(() => places.ForEach(place => HugePages.Use(place.Start, place.Bytes)));
    }

    /// <summary>
    /// Gets a weight in a number type: itself, what is kept, or a copy in the caller's scope through which gradients
    /// flow.
    /// </summary>
    public Tensor Rounded(Tensor weight, ScalarType type) =>
        weight.dtype == type
            ? weight
            : Keep(weight, () => weight.to(type).DetachFromDisposeScope()) ?? weight.to(type);

    /// <summary>Gets what is kept of a weight in some form, or null where it may change, or memory is short.</summary>
    /// <typeparam name="TForm">The form; one of each is kept of a weight.</typeparam>
    /// <param name="weight">The weight.</param>
    /// <param name="make">Makes the form the first time, on no scope's account.</param>
    public TForm? Keep<TForm>(Tensor weight, Func<TForm> make)
        where TForm : class, IDisposable
    {
        if (!_isFrozen || is_grad_enabled())                // what is kept has no gradient
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

            if (_isFull)
            {
                return null;
            }

            try
            {
                var form = make();
                _forms.Add(key, (weight, form));            // the weight too: its handle must not become another's
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

    private static unsafe IEnumerable<(nint Start, long Bytes)> Places(IDisposable form) => form switch
    {
        IKeptForm kept => kept.Memory,
        Tensor tensor when tensor.device_type == DeviceType.CPU && tensor.is_contiguous()
            && tensor.numel() * tensor.element_size() is var bytes and <= int.MaxValue =>
            [((nint)TensorMemory.Of<byte>(tensor), bytes)],
        _ => [],
    };

    private void DisposeForms()
    {
        foreach (var (_, form) in _forms.Values)
        {
            form.Dispose();
        }
    }
}
