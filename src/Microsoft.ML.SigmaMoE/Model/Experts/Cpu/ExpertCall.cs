namespace Microsoft.ML.SigmaMoE;

/// <summary>What all passes of one call read: the sorted tokens and the memory of tensors that outlive the call.</summary>
internal sealed unsafe class ExpertCall
{
    public required ExpertShape Shape { get; init; }

    public required ExpertBatch Batch { get; init; }

    /// <summary>Gets the tokens, rounded.</summary>
    public required RoundedRows Tokens { get; init; }

    /// <summary>Gets the gates, by slot.</summary>
    public required float* Gates { get; init; }

    /// <summary>Gets the hidden vectors before the activation, [positions, G], sorted.</summary>
    public required ushort* Raw { get; init; }

    /// <summary>Gets the biases, [experts, G], or null.</summary>
    public required float* Bias { get; init; }

    /// <summary>Gets the factors on hidden vectors, [tokens · K, G] by slot, or null.</summary>
    public required float* Mask { get; init; }

    public ReadOnlySpan<long> TokensOf(TokenShare share) => Batch.TokenOrder.AsSpan(share.Start, share.Count);

    public long TokenAt(int position) => Batch.TokenOrder[position];

    public float GateAt(int position) => Gates[Batch.SlotOrder[position]];

    public ushort* RawAt(int position) => Raw + (long)position * Shape.ExpertSize;

    public float* BiasOf(int expert) => Bias == null ? null : Bias + (long)expert * Shape.ExpertSize;

    public float* MaskAt(int position) => Mask == null ? null : Mask + Batch.SlotOrder[position] * Shape.ExpertSize;
}
