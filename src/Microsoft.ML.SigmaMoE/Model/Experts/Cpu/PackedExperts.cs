using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Expert weights in the kernels' order. Training changes them: each step makes them anew, of the experts with tokens
/// alone.
/// </summary>
internal sealed unsafe class PackedExperts : IKeptForm
{
    private readonly Scratch<uint> _into;
    private readonly Scratch<uint> _outOf;
    private readonly ExpertShape _shape;

    /// <summary>Packs both matrices on the threads of <see cref="CpuWork"/>.</summary>
    /// <param name="into">[experts, G, D], float32: used transposed, to go from d_model to the expert.</param>
    /// <param name="outOf">[experts, G, D], float32: used as it is, to go from the expert to d_model.</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="isUsed">Tells which experts will be read; others are not packed. Null for all.</param>
    public PackedExperts(float* into, float* outOf, ExpertShape shape, int experts, Predicate<int>? isUsed = null)
    {
        _shape = shape;
        _into = new(experts * shape.PairsInto, isZeroed: false);
        _outOf = new(experts * shape.PairsOutOf, isZeroed: false);
        CpuWork.Run(CpuWork.Threads, 2 * experts, () => new Scratch<ushort>(16L * shape.PaddedModelSize), (strip, piece) =>
        {
            if (isUsed is null || isUsed(piece / 2))
            {
                Pack(piece % 2 == 0 ? into : outOf, piece / 2, piece % 2 == 0, strip.Pointer);
            }
        });
    }

    /// <summary>Packs all experts for the way forward, to be kept.</summary>
    /// <param name="up">[experts, G, D], float32, contiguous, on the processor.</param>
    /// <param name="down">[experts, G, D], likewise.</param>
    public static PackedExperts All(Tensor up, Tensor down)
    {
        var shape = new ExpertShape((int)up.size(2), (int)up.size(1));
        return new(TensorMemory.Of<float>(up), TensorMemory.Of<float>(down), shape, (int)up.size(0));
    }

    /// <summary>Gets the matrix from d_model to expert: K = padded d_model, N = padded G.</summary>
    public ushort* Into(int expert) => (ushort*)(_into.Pointer + expert * _shape.PairsInto);

    /// <summary>Gets the matrix from expert to d_model: K = padded G, N = padded d_model.</summary>
    public ushort* OutOf(int expert) => (ushort*)(_outOf.Pointer + expert * _shape.PairsOutOf);

    /// <inheritdoc/>
    public IEnumerable<(nint Start, long Bytes)> Memory => [_into.Memory, _outOf.Memory];

    /// <inheritdoc/>
    public void Dispose()
    {
        _into.Dispose();
        _outOf.Dispose();
    }

    private void Pack(float* weight, int expert, bool isInto, ushort* strip)
    {
        var start = weight + (long)expert * _shape.ExpertSize * _shape.ModelSize;
        if (isInto)
        {
            PairPacking.Transposed(
                start, (uint*)Into(expert), _shape.ExpertStride, _shape.ExpertSize, _shape.ModelSize,
                _shape.PaddedModelSize,
                strip);
        }
        else
        {
            PairPacking.Interleaved(
                start, (uint*)OutOf(expert), _shape.ModelStride, _shape.ExpertSize, _shape.PaddedExpertSize,
                _shape.ModelSize,
                strip);
        }
    }
}
