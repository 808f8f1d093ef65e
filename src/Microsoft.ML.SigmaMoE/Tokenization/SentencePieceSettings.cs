namespace Microsoft.ML.SigmaMoE;

/// <summary>The settings of a SentencePiece model that matter here, with the values that a file leaves out.</summary>
internal sealed record SentencePieceSettings
{
    public bool IsUnigram { get; init; } = true;

    public bool ByteFallback { get; init; }

    public bool SpaceIsSuffix { get; init; }

    public bool AddsLeadingSpace { get; init; } = true;

    public int UnknownId { get; init; }

    /// <summary>Gets the id of the piece that begins a text; negative where there is none.</summary>
    public int BeginId { get; init; } = 1;

    /// <summary>Gets the id of the piece that ends a text; negative where there is none.</summary>
    public int EndId { get; init; } = 2;
}
