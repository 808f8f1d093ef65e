using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Everything that makes a language model: its shape, tokenizer and training. Immutable, and its own JSON file.
/// </summary>
public sealed record LanguageModelOptions
{
    /// <summary>Gets the shape of the Transformer.</summary>
    public ModelOptions Model { get; init; } = new();

    /// <summary>Gets the feed-forward block of every layer; σ-MoE by default.</summary>
    public FeedForwardOptions FeedForward { get; init; } = new MixtureOfExpertsOptions();

    /// <summary>Gets how text becomes tokens; a byte-level BPE trained on the text itself by default.</summary>
    public TokenizerOptions Tokenizer { get; init; } = new BytePairTokenizerOptions();

    /// <summary>Gets how the model is trained.</summary>
    public TrainingOptions Training { get; init; } = new();

    /// <summary>Gets how hidden states become feature vectors.</summary>
    public FeatureOptions Features { get; init; } = new();

    /// <summary>Gets the names of the columns that the pipeline step adds.</summary>
    public OutputColumns Columns { get; init; } = new();

    /// <summary>Gets the number format of matrix multiplications.</summary>
    public Precision Precision { get; init; }

    /// <summary>Gets the GPU to use, or null for the choice of the <see cref="MLContext"/>.</summary>
    public int? GpuDeviceId { get; init; }

    /// <summary>Gets whether the processor is used where the GPU that was asked for cannot be.</summary>
    public bool FallbackToCpu { get; init; }

    /// <summary>
    /// Reads options from JSON as <see cref="ToJson"/> writes it. What it leaves out keeps its default.
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// It is no JSON of options, names something unknown, or a value is out of range.
    /// </exception>
    public static LanguageModelOptions FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            var options = JsonSerializer.Deserialize<LanguageModelOptions>(json, PartialJson.Options)
                ?? throw new JsonException("It is null.");
            options.Validate();
            return options;
        }
        catch (Exception fault) when (fault is JsonException or ArgumentException)
        {
            var names = fault.Message.Contains("could not be mapped", StringComparison.Ordinal)
                ? " Names are those of a model folder's config.json, such as model_size."
                : "";
            throw new InvalidDataException($"The options cannot be used: {fault.Message}{names}", fault);
        }
    }

    /// <summary>Writes the options as JSON, in the form in which a model folder's config.json holds them.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ModelJson.Default.LanguageModelOptions);

    /// <summary>Builds a network with fresh weights, drawn from the training's seed, or with none yet.</summary>
    internal TransformerNetwork CreateNetwork(int vocabularySize, Device device, bool drawsWeights = true) => new(
        Model,
        FeedForward,
        vocabularySize,
        ComputePrecision.Of(Precision, device),
        new Randomness(Training.Seed ?? 0, device) { DrawsWeights = drawsWeights });

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Model);
        ArgumentNullException.ThrowIfNull(FeedForward);
        ArgumentNullException.ThrowIfNull(Tokenizer);
        ArgumentNullException.ThrowIfNull(Training);
        ArgumentNullException.ThrowIfNull(Features);
        ArgumentNullException.ThrowIfNull(Columns);
        Model.Validate();
        FeedForward.Validate();
        Tokenizer.Validate();
        Training.Validate();
        Features.Validate(Model.LayerCount);
        Columns.Validate();
        OptionChecks.ThrowIfNotDefined(Precision);
    }
}
