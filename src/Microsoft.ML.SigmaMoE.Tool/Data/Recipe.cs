using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>A file that holds options as JSON.</summary>
internal static class Recipe
{
    /// <exception cref="UserException">The file is missing, or holds no options.</exception>
    public static LanguageModelOptions Read(string file)
    {
        if (!File.Exists(file))
        {
            throw new UserException($"The recipe {file} does not exist.");
        }

        try
        {
            return LanguageModelOptions.FromJson(File.ReadAllText(file));
        }
        catch (InvalidDataException fault)
        {
            throw new UserException($"The recipe {file} cannot be used. {fault.Message}");
        }
    }

    /// <summary>Gets the names of the parts that a readable recipe has, such as model and feed_forward.</summary>
    public static IReadOnlyCollection<string> Parts(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(file));
        return [.. json.RootElement.EnumerateObject().Select(part => part.Name)];
    }
}
