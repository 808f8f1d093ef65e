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
}
