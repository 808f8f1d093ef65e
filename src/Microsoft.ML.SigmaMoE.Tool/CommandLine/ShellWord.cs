namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>A word as one types it.</summary>
internal static class ShellWord
{
    /// <summary>Puts quotes around what a shell would take apart.</summary>
    public static string Quote(string word) =>
        word.Length > 0
            && word.All(c => char.IsLetterOrDigit(c) || "-_./:=,+@%\\".Contains(c, StringComparison.Ordinal))
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>The whole command.</summary>
    public static string Command(IEnumerable<string> words) => $"sigmamoe {string.Join(' ', words.Select(Quote))}";
}
