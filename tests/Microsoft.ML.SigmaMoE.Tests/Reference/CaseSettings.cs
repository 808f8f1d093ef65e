using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// A configuration's settings by any of their names: a layer, a model and a list of sweeps call the same thing
/// differently, and what "plain" leaves out the authors' own arguments may tell.
/// </summary>
internal sealed class CaseSettings
{
    private readonly JsonElement[] _places;

    private CaseSettings(params JsonElement[] places) => _places = places;

    /// <summary>Reads a case's configuration, or an object that holds the settings itself.</summary>
    public static CaseSettings Of(JsonElement config) => config.TryGetProperty("plain", out var plain)
        ? config.TryGetProperty("authors", out var authors) ? new(plain, authors) : new(plain)
        : config.TryGetProperty("variant_of_list", out var variant) ? new(config, variant) : new(config);

    public bool Has(params string[] names) => Find(names) is not null;

    public int Int(params string[] names) => Required(names).GetInt32();

    public int IntOr(int fallback, params string[] names) => Find(names)?.GetInt32() ?? fallback;

    public double NumberOr(double fallback, params string[] names) => Find(names)?.GetDouble() ?? fallback;

    public string TextOr(string fallback, params string[] names) => Find(names)?.GetString() ?? fallback;

    public string Text(params string[] names) => Required(names).GetString()!;

    public bool IsNumber(string name) => Find(name) is { ValueKind: JsonValueKind.Number };

    /// <summary>Reads true, false, 1 or 0.</summary>
    public bool FlagOr(bool fallback, params string[] names) => Find(names) switch
    {
        null => fallback,
        { ValueKind: JsonValueKind.Number } number => number.GetDouble() != 0,
        { } flag => flag.GetBoolean(),
    };

    /// <summary>
    /// Fails where a setting asks for what the library does not have, rather than testing something else.
    /// </summary>
    public void Require(string name, params string[] supported)
    {
        if (Find(name) is { } value && !supported.Contains(value.ToString(), StringComparer.OrdinalIgnoreCase))
        {
            throw new NotSupportedException($"{name} is {value}, but only {string.Join(" or ", supported)} is built.");
        }
    }

    private JsonElement Required(string[] names) =>
        Find(names)
            ?? throw new InvalidDataException($"The configuration has no {string.Join(" or ", names)}: {_places[0]}.");

    private JsonElement? Find(params string[] names)
    {
        var found =
            from place in _places
            from name in names
            let value = place.TryGetProperty(name, out var property) ? property : default
            where value.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null)
            select value;
        return found.Select(value => (JsonElement?)value).FirstOrDefault();
    }
}
