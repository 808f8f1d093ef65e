using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The one source of randomness of a network: initial weights and dropout. A generator of its own, so that libtorch's
/// process-wide seed, which belongs to the user, is never touched.
/// </summary>
internal class Randomness : IDisposable
{
    private readonly Generator _generator;

    /// <summary>Creates a source that gives the same numbers for the same seed on the same device.</summary>
    public Randomness(long seed, Device? device = null) => _generator = new Generator((ulong)seed, device ?? CPU);

    /// <summary>Draws numbers that are uniform in [0, 1).</summary>
    public virtual Tensor Uniform(long[] shape) => Empty(shape).uniform_(0, 1, _generator);

    /// <summary>Draws numbers of mean 0 and standard deviation 1.</summary>
    public virtual Tensor Normal(long[] shape) => Empty(shape).normal_(0, 1, _generator);

    /// <summary>Gets the generator's state, to be saved in a checkpoint. The caller owns the tensor.</summary>
    public Tensor GetState() => _generator.get_state();

    /// <summary>Goes on from a state that <see cref="GetState"/> gave.</summary>
    public void SetState(Tensor state) => _generator.set_state(state);

    /// <inheritdoc/>
    public void Dispose()
    {
        _generator.Dispose();
        GC.SuppressFinalize(this);
    }

    // TorchSharp's rand and randn end the process where there is no memory; empty throws
    private Tensor Empty(long[] shape) => empty(shape, dtype: ScalarType.Float32, device: _generator.device);
}
