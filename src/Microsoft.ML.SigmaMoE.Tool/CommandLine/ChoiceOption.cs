using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Options that take one name of an enumeration, written as settings in JSON have it or as C# does.</summary>
internal static class ChoiceOption
{
    /// <summary>Makes an option.</summary>
    /// <typeparam name="T">The enumeration.</typeparam>
    /// <param name="name">The option's name, with its dashes.</param>
    /// <param name="description">What it is for.</param>
    public static Option<T?> Of<T>(string name, string description)
        where T : struct, Enum
    {
        var option = new Option<T?>(name)
        {
            Description = description,
            HelpName = string.Join('|', Enum.GetValues<T>().Select(Written)),
            CustomParser = Parse<T>,
        };
        option.CompletionSources.Clear();
        option.CompletionSources.Add(_ =>
            Enum.GetValues<T>().Select(value => new System.CommandLine.Completions.CompletionItem(Written(value))));
        return option;
    }

    private static T? Parse<T>(ArgumentResult result)
        where T : struct, Enum
    {
        var given = result.Tokens[0].Value;
        foreach (var value in Enum.GetValues<T>())
        {
            if (new[] { Written(value), value.ToString() }.Contains(given, StringComparer.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        result.AddError($"'{given}' is none of {string.Join(", ", Enum.GetValues<T>().Select(Written))}.");
        return null;
    }

    private static string Written<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
