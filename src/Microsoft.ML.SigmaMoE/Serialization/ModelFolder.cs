using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Saves and loads a model as a set of files: config.json, model.safetensors, the tokenizer's files and the history of
/// training. The same set stands in a folder and inside ML.NET's zip.
/// </summary>
internal static class ModelFolder
{
    public const string ConfigurationName = "config.json";
    public const string WeightsName = "model.safetensors";
    public const string HistoryName = "training_history.json";

    /// <summary>Saves into a folder, whose model is replaced only when the new one is complete.</summary>
    public static void Save(string folder, StoredModel model)
    {
        using var transaction = new FolderTransaction(folder);
        Save(transaction, model);
        transaction.Commit();
    }

    /// <summary>Saves into a set of files.</summary>
    public static void Save(INamedStreams files, StoredModel model)
    {
        var configuration = new ModelConfiguration
        {
            VocabularySize = model.Network.VocabularySize,
            HasTokenizer = model.Tokenizer is not null,
            Options = model.Options,
        };
        files.Write(ConfigurationName, configuration.Write);
        files.Write(WeightsName, stream => NetworkWeights.Write(stream, model.Network));
        files.Write(
            HistoryName,
            stream => JsonSerializer.Serialize(stream, model.History, ModelJson.Default.IReadOnlyListTrainingProgress));
        model.Tokenizer?.Save(files);
    }

    /// <summary>Loads from a folder.</summary>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is damaged, of another version, or does not belong to the others.
    /// </exception>
    public static StoredModel Load(string folder, Device device) => Load(new FolderStreams(folder), device);

    /// <summary>Loads from a set of files.</summary>
    /// <inheritdoc cref="Load(string, Device)"/>
    public static StoredModel Load(INamedStreams files, Device device)
    {
        var configuration = Read(files, ConfigurationName, ModelConfiguration.Read);
        var tokenizer = configuration.HasTokenizer ? LoadTokenizer(files, configuration.VocabularySize) : null;
        var history = Read(files, HistoryName, ReadHistory);
        var network = Read(files, WeightsName, stream => NetworkWeights.ReadNetwork(stream, configuration, device));
        return new(configuration.Options, tokenizer, network, history);
    }

    private static TextTokenizer LoadTokenizer(INamedStreams files, int vocabularySize)
    {
        var tokenizer = TextTokenizer.Load(files);
        return tokenizer.VocabularySize == vocabularySize ? tokenizer : throw new InvalidDataException(
            $"'{files.Locate(ConfigurationName)}' describes a model of {vocabularySize} tokens, but the tokenizer "
            + $"beside it has {tokenizer.VocabularySize}: these files do not belong together.");
    }

    private static IReadOnlyList<TrainingProgress> ReadHistory(Stream stream)
    {
        try
        {
            return JsonSerializer.Deserialize(stream, ModelJson.Default.IReadOnlyListTrainingProgress)!;
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"It is not a history of training: {fault.Message}", fault);
        }
    }

    private static T Read<T>(INamedStreams files, string name, Func<Stream, T> read)
    {
        T? result = default;
        try
        {
            files.Read(name, stream => result = read(stream));
        }
        catch (InvalidDataException fault)
        {
            throw new InvalidDataException($"'{files.Locate(name)}' cannot be used. {fault.Message}", fault);
        }

        return result!;
    }
}
