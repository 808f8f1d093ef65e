namespace Microsoft.ML.SigmaMoE;

/// <summary>What an imported checkpoint does not say by itself, and where the model goes.</summary>
/// <remarks>
/// Shapes tell the vocabulary, d_model, layers, heads and the sizes of feed-forward blocks. They do not tell how many
/// experts a token uses, how experts are chosen, or how long segments are: that comes from the arguments or the
/// configuration stored with the weights, or from here. What is given here is checked against the shapes.
/// </remarks>
public sealed record ImportOptions
{
    /// <summary>Gets the number of experts a token is sent to (K), where the file does not say.</summary>
    public int? ActiveExperts { get; init; }

    /// <summary>
    /// Gets the feed-forward block, or null to take it from the file. A file of the paper's code that keeps no
    /// arguments does not say all of it: Top-K activations have the tensors of a dense block, and every router those
    /// of σ-MoE.
    /// </summary>
    public FeedForwardOptions? FeedForward { get; init; }

    /// <summary>
    /// Gets who is told what the file does not say and import takes for granted, a sentence for each, such as that
    /// experts are chosen by sigmoids; throw there to refuse. Where it is null nothing is taken for granted: import
    /// throws, and says what is missing.
    /// </summary>
    public Action<string>? OnAssumption { get; init; }

    /// <summary>
    /// Gets the shape of the Transformer, or null to take it from the file, with segments of 256 tokens and one segment
    /// of memory where the file does not say.
    /// </summary>
    public ModelOptions? Model { get; init; }

    /// <summary>
    /// Gets the tokenizer of exactly the model's vocabulary, or null where it is elsewhere: such a model scores, embeds
    /// and continues token ids.
    /// </summary>
    public TextTokenizer? Tokenizer { get; init; }

    /// <summary>
    /// Gets the number format of matrix multiplications. Weights are stored as float32 whatever the file has.
    /// </summary>
    public Precision Precision { get; init; }

    /// <summary>Gets the GPU to load to, or null for the processor.</summary>
    public int? GpuDeviceId { get; init; }

    /// <summary>Gets whether the processor is used where that GPU cannot be.</summary>
    public bool FallbackToCpu { get; init; }
}
