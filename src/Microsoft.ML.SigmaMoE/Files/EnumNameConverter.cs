using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// An enumeration in JSON: written as its name in kebab-case, as the kinds of options are. Older files hold the name
/// as C# has it, or the number; both are read.
/// </summary>
internal sealed class EnumNameConverter<T> : JsonConverter<T>
    where T : struct, Enum
{
    private static readonly (T Value, string Written, string[] Read)[] Names =
        [.. typeof(T).GetFields(BindingFlags.Public | BindingFlags.Static).Select(Name)];

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var type = reader.TokenType;
        return type switch
        {
            JsonTokenType.String => ByName(reader.GetString()!),
            JsonTokenType.Number when reader.TryGetInt32(out var number) && ByNumber(number) is { } value => value,
            _ => throw Unknown(type == JsonTokenType.Number ? "This number" : "This"),
        };
    }

    // A value that is none of the names is for Validate to complain of.
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        if (Array.Find(Names, name => name.Value.Equals(value)).Written is { } written)
        {
            writer.WriteStringValue(written);
        }
        else
        {
            writer.WriteNumberValue(Convert.ToInt32(value, null));
        }
    }

    private static T ByName(string text) =>
        Array.Find(Names, name => name.Read.Contains(text, StringComparer.OrdinalIgnoreCase)) is { Read: not null } found
            ? found.Value
            : throw Unknown($"'{text}'");

    private static T? ByNumber(int number) =>
        (T)Enum.ToObject(typeof(T), number) is var value && Enum.IsDefined(value) ? value : null;

    private static (T Value, string Written, string[] Read) Name(FieldInfo field)
    {
        var given = field.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name;
        var written = given ?? JsonNamingPolicy.KebabCaseLower.ConvertName(field.Name);
        return ((T)field.GetValue(null)!, written, [written, field.Name]);
    }

    private static JsonException Unknown(string what) =>
        new($"{what} is no {typeof(T).Name}; it must be one of {string.Join(", ", Names.Select(n => n.Written))}.");
}
