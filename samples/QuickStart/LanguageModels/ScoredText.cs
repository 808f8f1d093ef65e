namespace QuickStart;

/// <summary>A row as a language model scores it.</summary>
internal sealed class ScoredText
{
    public string Text { get; set; } = "";

    public int TokenCount { get; set; }

    public float BitsPerByte { get; set; }

    /// <summary>Gets or sets each expert's share of its layer's routing slots, layer by layer; empty for a dense model.</summary>
    public float[] ExpertUsage { get; set; } = [];
}
