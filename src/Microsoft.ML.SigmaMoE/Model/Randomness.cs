using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The one source of randomness of a network: initial weights and dropout. A generator of its own, so that libtorch's
/// process-wide seed, which belongs to the user, is never touched.
/// </summary>
internal class Randomness : IDisposable
{
    // 2^64 divided by the golden ratio: seeds of neighbouring numbers do not meet
    private const ulong SeedDistance = 0x9E3779B97F4A7C15;

    [ThreadStatic]
    private static int _stream;

    private readonly long _seed;
    private readonly Device _device;
    private readonly List<Generator> _generators;

    /// <summary>Creates a source that gives the same numbers for the same seed on the same device.</summary>
    public Randomness(long seed, Device? device = null)
    {
        (_seed, _device) = (seed, device ?? CPU);
        _generators = [new Generator((ulong)seed, _device)];
    }

    /// <summary>Gets or sets the number of the stream that this thread draws from; 0 where it was never set.</summary>
    public static int Stream
    {
        get => _stream;
        set => _stream = value;
    }

    /// <summary>
    /// Gets whether weights are drawn. Without, they are memory as it is, for a network whose weights are about to be
    /// read: drawing 36 million of them took half a second.
    /// </summary>
    public bool DrawsWeights { get; init; } = true;

    private Generator Current => _generators[_stream];

    /// <summary>
    /// Makes streams of numbers that threads can draw from side by side, so that none depends on how fast another is.
    /// Those that exist already stay as they are.
    /// </summary>
    public void Split(int streams)
    {
        while (_generators.Count < streams)
        {
            _generators.Add(new Generator((ulong)_seed + ((ulong)_generators.Count * SeedDistance), _device));
        }
    }

    /// <summary>
    /// Makes a weight: what <paramref name="draw"/> gives, or memory as it is where weights are not drawn.
    /// </summary>
    public Tensor Weight(long[] shape, Func<Tensor> draw) => DrawsWeights ? draw() : Empty(shape);

    /// <summary>Draws numbers that are uniform in [0, 1).</summary>
    public virtual Tensor Uniform(long[] shape) => Empty(shape).uniform_(0, 1, Current);

    /// <summary>Draws numbers of mean 0 and standard deviation 1.</summary>
    public virtual Tensor Normal(long[] shape) => Empty(shape).normal_(0, 1, Current);

    /// <summary>Gets the state of every stream, to be saved in a checkpoint. The caller owns the tensors.</summary>
    public IReadOnlyList<Tensor> GetStates() => [.. _generators.Select(generator => generator.get_state())];

    /// <summary>Goes on from states that <see cref="GetStates"/> gave, one a stream.</summary>
    public void SetStates(IEnumerable<Tensor> states)
    {
        foreach (var (generator, state) in _generators.Zip(states))
        {
            generator.set_state(state);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _generators.ForEach(generator => generator.Dispose());
        GC.SuppressFinalize(this);
    }

    // TorchSharp's rand and randn end the process where there is no memory; empty throws
    private Tensor Empty(long[] shape) => empty(shape, dtype: ScalarType.Float32, device: _device);
}
