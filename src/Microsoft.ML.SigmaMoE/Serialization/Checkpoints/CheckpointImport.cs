using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Makes a model of somebody's checkpoint: recognise it, describe the model, build it, fill it.</summary>
internal static class CheckpointImport
{
    /// <summary>Imports a checkpoint.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is damaged, or is no checkpoint that this library knows.</exception>
    /// <exception cref="ArgumentException">The options lack something, or contradict the file.</exception>
    /// <exception cref="NotSupportedException">The model is one that this library cannot compute.</exception>
    public static StoredModel Read(string path, ImportOptions options, Device device)
    {
        using var checkpoint = CheckpointFile.Open(path);
        var form = CheckpointForm.Of(checkpoint);
        var configuration = Describe(form, options, path);
        var network = CheckpointWeights.Build(form, configuration, device);
        return new(configuration.Options, options.Tokenizer, network, []);
    }

    /// <summary>
    /// Finds out what model a checkpoint holds, and checks that it can be built and is of the checkpoint's size.
    /// </summary>
    internal static ModelConfiguration Describe(CheckpointForm form, ImportOptions options, string path)
    {
        var configuration = Complete(form.Describe(options), options, path);
        CheckpointWeights.CheckSize(form.Stored, configuration);
        return configuration;
    }

    private static ModelConfiguration Complete(ModelConfiguration described, ImportOptions options, string path)
    {
        if (options.Tokenizer is { } tokenizer && tokenizer.VocabularySize != described.VocabularySize)
        {
            throw new ArgumentException(
                $"The tokenizer has {tokenizer.VocabularySize} tokens, but the model of '{path}' has {described.VocabularySize}: "
                + "they do not belong together.");
        }

        var complete = described with
        {
            HasTokenizer = options.Tokenizer is not null,
            Options =
                described.Options with { Precision = options.Precision, Tokenizer = new ExternalTokenizerOptions() },
        };
        try
        {
            complete.Options.Validate();
            return complete;
        }
        catch (ArgumentException fault)
        {
            throw new InvalidDataException($"'{path}' describes a model that cannot be built. {fault.Message}", fault);
        }
    }
}
