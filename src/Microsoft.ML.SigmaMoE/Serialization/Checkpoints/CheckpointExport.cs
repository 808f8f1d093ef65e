namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Writes a model as the authors' code stores it: the paper's names, or the Hugging Face form for rotary attention.
/// </summary>
internal static class CheckpointExport
{
    private const string Extension = ".safetensors";

    /// <summary>Writes one file where <paramref name="path"/> ends with .safetensors, else a folder.</summary>
    /// <exception cref="NotSupportedException">Neither form can express the model.</exception>
    public static void Write(string path, LanguageModelOptions options, TransformerNetwork network)
    {
        var configuration = Configuration(options, network);
        var metadata = CheckpointMetadata.Write(options, network.VocabularySize);
        var names = configuration is null ? WeightNames.Authors : HuggingFaceNames.Table;
        if (path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase))
        {
            AtomicFile.Write(path, WriteWeights);
            return;
        }

        using var folder = new FolderTransaction(path);
        folder.Write(ModelFolder.WeightsName, WriteWeights);
        if (configuration is not null)
        {
            folder.Write(HuggingFaceConfiguration.FileName, configuration.Write);
        }

        folder.Commit();

        void WriteWeights(Stream stream) => NetworkWeights.Write(stream, network, names, metadata);
    }

    private static HuggingFaceConfiguration? Configuration(LanguageModelOptions options, TransformerNetwork network) =>
        options.Model.Attention is not RotaryAttentionOptions ? null
        : HuggingFaceModel.FromOptions(options, network.VocabularySize) ?? throw new NotSupportedException(
            "The Hugging Face form cannot express this model: it has no memory, heads of ModelSize / HeadCount, σ-MoE blocks with the sigmoid "
            + "router whose ExpertCount is divisible by ActiveExperts, or dense blocks, of one activation.");
}
