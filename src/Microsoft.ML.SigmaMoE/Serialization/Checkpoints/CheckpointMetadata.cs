using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Our configuration inside a safetensors file's metadata, so that an exported file says what shapes cannot. Other
/// readers pass over it.
/// </summary>
internal static class CheckpointMetadata
{
    private const string Name = ModelConfiguration.FormatName;

    /// <summary>
    /// Makes the metadata of an exported model: nothing of its training, which may name places on this machine.
    /// </summary>
    public static Dictionary<string, string> Write(LanguageModelOptions options, int vocabularySize)
    {
        var configuration = new ModelConfiguration
        {
            VocabularySize = vocabularySize,
            HasTokenizer = false,
            Options = options with { Tokenizer = new ExternalTokenizerOptions(), Training = new() },
        };
        using var json = new MemoryStream();
        configuration.Write(json);
        return new() { ["format"] = "pt", [Name] = Encoding.UTF8.GetString(json.ToArray()) };
    }

    /// <summary>Reads the configuration, or null where the file has none of ours.</summary>
    /// <exception cref="InvalidDataException">It has one that cannot be used.</exception>
    public static ModelConfiguration? Read(ICheckpoint checkpoint)
    {
        if (!checkpoint.Metadata.TryGetValue(Name, out var json))
        {
            return null;
        }

        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(json));
        try
        {
            return ModelConfiguration.Read(stream);
        }
        catch (InvalidDataException fault)
        {
            throw new InvalidDataException(
                $"The metadata '{Name}' of '{checkpoint.Path}' cannot be used. {fault.Message}", fault);
        }
    }
}
