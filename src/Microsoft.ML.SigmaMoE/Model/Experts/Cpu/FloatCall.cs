namespace Microsoft.ML.SigmaMoE;

/// <summary>What all float32 passes of one call read: the sorted tokens and the memory of tensors that outlive the call.</summary>
internal sealed unsafe class FloatCall
{
    /// <summary>The most hidden neurons that are computed at once: their weights and a tile's numbers stay in the cache.</summary>
    public const int Neurons = 256;

    public required ExpertShape Shape { get; init; }

    public required ExpertBatch Batch { get; init; }

    /// <summary>Gets the gates, by slot.</summary>
    public required float* Gates { get; init; }

    /// <summary>Gets the hidden vectors before the activation, [positions, G], sorted.</summary>
    public required float* Raw { get; init; }

    /// <summary>Gets the biases, [experts, G], or null.</summary>
    public required float* Bias { get; init; }

    /// <summary>Gets the factors on hidden vectors, [tokens · K, G] by slot, or null.</summary>
    public required float* Mask { get; init; }

    public long TokenAt(int position) => Batch.TokenOrder[position];

    public float GateAt(int position) => Gates[Batch.SlotOrder[position]];

    public float* RawAt(int position) => Raw + (long)position * Shape.ExpertSize;

    public float* MaskAt(int position) => Mask == null ? null : Mask + Batch.SlotOrder[position] * Shape.ExpertSize;

    /// <summary>Gets where a neuron's row of a matrix [experts, G, D] begins.</summary>
    public float* Row(float* matrix, int expert, int neuron) =>
        matrix + ((long)expert * Shape.ExpertSize + neuron) * Shape.ModelSize;

    /// <summary>Copies the rows of a stretch of tokens into a tile, and says where the rows of the result are.</summary>
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
