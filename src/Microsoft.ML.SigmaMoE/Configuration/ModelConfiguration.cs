using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What config.json of a model folder says: everything that is needed to build the network again.</summary>
internal sealed record ModelConfiguration
{
    public const string FormatName = "Microsoft.ML.SigmaMoE";
    public const int CurrentVersion = 1;
    private const int MaxLength = 1 << 20;

    /// <summary>Gets whose configuration this is; many tools write a file called config.json.</summary>
    [JsonRequired]
    public string Format { get; init; } = FormatName;

    /// <summary>Gets the version of the format, which rises when older libraries cannot read it any more.</summary>
    [JsonRequired]
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Gets the number of different tokens, the separator included.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Gets whether the tokenizer's files belong to the model; an imported model may have none.</summary>
    public bool HasTokenizer { get; init; } = true;

    /// <summary>Gets the options that the model was made with.</summary>
    public required LanguageModelOptions Options { get; init; }

    /// <summary>Writes the configuration as JSON.</summary>
    public void Write(Stream stream) => JsonSerializer.Serialize(stream, this, ModelJson.Default.ModelConfiguration);

    /// <summary>Reads what <see cref="Write"/> wrote, and checks it.</summary>
    /// <exception cref="InvalidDataException">
    /// It is another tool's, of another version, or has an invalid value.
    /// </exception>
    public static ModelConfiguration Read(Stream stream)
    {
        var json = stream.ReadUpTo(MaxLength + 1);
        if (json.Length > MaxLength)
        {
            throw new InvalidDataException($"It is longer than {MaxLength} bytes; no model's configuration is.");
        }

        try
        {
            CheckHead(json);
            var configuration = JsonSerializer.Deserialize<ModelConfiguration>(json.Span, PartialJson.Options)!;
            configuration.Validate();
            return configuration;
        }
        catch (Exception fault) when (fault is JsonException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"It is not a usable configuration: {fault.Message}", fault);
        }
    }

    // Before the rest: another version's options would only look like mistakes.
    private static void CheckHead(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("format", out var format)
            || format.ToString() != FormatName)
        {
            throw new InvalidDataException($"It is not this library's: its \"format\" is not \"{FormatName}\".");
        }

        if (!root.TryGetProperty("version", out var version) || version.ToString() != $"{CurrentVersion}")
        {
            throw new InvalidDataException(
                $"Its version is {version}, but this library reads version {CurrentVersion}; use the library that wrote it.");
        }
    }

    private void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(VocabularySize);
        Options.Validate();
        _ = ModelCost.Of(Options.Model, Options.FeedForward, VocabularySize);
    }
}
