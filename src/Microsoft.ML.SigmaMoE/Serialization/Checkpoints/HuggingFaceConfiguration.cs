using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The config.json of a SigmaMoEForCausalLM, with the defaults that its authors give what is not written.
/// </summary>
internal sealed record HuggingFaceConfiguration
{
    public const string FileName = "config.json";
    public const string KindName = "sigma-moe";
    private const int MaxLength = 1 << 20;

    // generated code would set what is not written to default(T); reflection leaves what the initialisers made
    private static readonly JsonSerializerOptions Reading =
        new(HuggingFaceJson.Default.Options) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    public string[] Architectures { get; init; } = ["SigmaMoEForCausalLM"];

    public string? ModelType { get; init; }

    public int VocabSize { get; init; } = 51200;

    public int DModel { get; init; } = 768;

    public int DFf { get; init; } = 3072;

    public int NumHiddenLayers { get; init; } = 12;

    public int NumAttentionHeads { get; init; } = 8;

    public double MaxPositionEmbeddings { get; init; } = 2048;

    public double ResidPdrop { get; init; }

    public double EmbdPdrop { get; init; }

    public string Activation { get; init; } = "gelu_new";

    public double LayerNormEps { get; init; } = 1e-5;

    public bool TieWordEmbeddings { get; init; }

    public double RopeTheta { get; init; } = 10000;

    public JsonElement? RopeScaling { get; init; }

    public double PartialRotaryFactor { get; init; } = 0.5;

    public bool QkLayernorm { get; init; }

    public int NExperts { get; init; } = 8;

    public int ExpertSize { get; init; } = 128;

    public int TopKExperts { get; init; } = 2;

    public double MoeDropout { get; init; }

    public string SelectionMode { get; init; } = "sigmoid";

    public bool ActivationAfterTopk { get; init; }

    public bool MoeBias { get; init; }

    public int? VDim { get; init; }

    public double ExpertDropout { get; init; }

    public double? RoutingRegularization { get; init; } = 0.001;

    public int? NumSparseHiddenLayers { get; init; }

    public bool Approximate { get; init; }

    /// <summary>Reads the file.</summary>
    /// <exception cref="InvalidDataException">It is not such a configuration.</exception>
    public static HuggingFaceConfiguration Read(string path)
    {
        using var stream = File.OpenRead(path);
        var json = stream.ReadUpTo(MaxLength + 1);
        try
        {
            var read = json.Length > MaxLength
                ? throw new InvalidDataException(
                    $"'{path}' is longer than {MaxLength} bytes; no model's configuration is.")
                : JsonSerializer.Deserialize<HuggingFaceConfiguration>(json.Span, Reading);
            return read?.ModelType == KindName ? read : throw new InvalidDataException(
                $"'{path}' describes a model of the type '{read?.ModelType}'; only '{KindName}' is read.");
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"'{path}' is not a usable configuration: {fault.Message}", fault);
        }
    }

    /// <summary>Writes the file.</summary>
    public void Write(Stream stream) =>
        JsonSerializer.Serialize(stream, this, HuggingFaceJson.Default.HuggingFaceConfiguration);
}

// Other fields of the file concern Python only, and are passed over.
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false,
    WriteIndented = true)]
[JsonSerializable(typeof(HuggingFaceConfiguration))]
internal sealed partial class HuggingFaceJson : JsonSerializerContext;
