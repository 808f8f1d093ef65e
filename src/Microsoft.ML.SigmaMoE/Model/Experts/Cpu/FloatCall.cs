using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A call in float32.</summary>
/// <param name="inputs">What experts compute with.</param>
/// <param name="batch">The sorted tokens.</param>
/// <param name="mask">The factors on hidden vectors, [tokens, K, G], or null.</param>
/// <param name="raw">[positions, G], sorted: the hidden vectors before the activation.</param>
internal sealed unsafe class FloatCall(in ExpertInputs inputs, ExpertBatch batch, Tensor? mask, Tensor raw)
    : ExpertCall(inputs, batch, mask)
{
    /// <summary>
    /// The most hidden neurons that are computed at once: their weights and a tile's numbers stay in the cache.
    /// </summary>
    public const int Neurons = 256;

    private readonly float* _raw = TensorMemory.Of<float>(raw);

    public float* RawAt(int position) => _raw + (long)position * Shape.ExpertSize;

    /// <summary>Gets where a neuron's row of a matrix [experts, G, D] begins.</summary>
    public float* Row(float* matrix, int expert, int neuron) =>
        matrix + ((long)expert * Shape.ExpertSize + neuron) * Shape.ModelSize;

    /// <summary>
    /// Copies the rows of a stretch of tokens into a tile, and says where the rows of the result are.
    /// </summary>
    public void Gather(TokenShare share, float* source, float* tile, float* result, float** targets)
    {
        var size = Shape.ModelSize;
        for (var row = 0; row < share.Count; row++)
        {
            var start = TokenAt(share.Start + row) * size;
            new ReadOnlySpan<float>(source + start, size).CopyTo(new(tile + (long)row * size, size));
            targets[row] = result + start;
        }
    }
}
