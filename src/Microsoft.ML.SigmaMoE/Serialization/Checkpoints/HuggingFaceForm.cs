namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A SigmaMoEForCausalLM: tensors under its names, and config.json beside them (or our metadata in them).
/// </summary>
internal sealed class HuggingFaceForm(ICheckpoint checkpoint) : CheckpointForm(new HuggingFaceLayout(checkpoint))
{
    public const string Embedding = "model.embed_tokens.weight";

    public override WeightTable Names => HuggingFaceNames.Table;

    public static bool Recognises(ICheckpoint checkpoint) => checkpoint.Tensors.ContainsKey(Embedding);

    // older versions of the authors' code stored the angles' frequencies
    public override bool IsIgnored(string name) => name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal);

    public override ModelConfiguration Describe(ImportOptions options)
    {
        if (options.Model is not null || options.FeedForward is not null)
        {
            throw new ArgumentException(
                $"'{Stored.Path}' is a Hugging Face model, whose configuration says all; leave ImportOptions.Model and FeedForward null.");
        }

        var (described, vocabulary) = CheckpointMetadata.Read(Stored) is { } known
            ? (known.Options, known.VocabularySize)
            : FromFile();
        return new() { VocabularySize = vocabulary, Options = described with { FeedForward = WithActive(described.FeedForward, options) } };
    }

    private (LanguageModelOptions Options, int Vocabulary) FromFile()
    {
        var path = Path.Combine(
            Path.GetDirectoryName(Path.GetFullPath(Stored.Path))!, HuggingFaceConfiguration.FileName);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                $"'{path}' is missing; '{Stored.Path}' is a Hugging Face model, whose configuration stands beside it.",
                path);
        }

        var configuration = HuggingFaceConfiguration.Read(path);
        return (HuggingFaceModel.ToOptions(configuration), configuration.VocabSize);
    }
}
