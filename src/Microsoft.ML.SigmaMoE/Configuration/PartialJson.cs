using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The rules of <see cref="ModelJson"/> for JSON that leaves properties out, as hand-written and older files do.
/// </summary>
/// <remarks>Generated code would set those to default(T); reflection leaves what their initialisers made.</remarks>
internal static class PartialJson
{
    public static JsonSerializerOptions Options { get; } =
        new(ModelJson.Default.Options) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };
}
