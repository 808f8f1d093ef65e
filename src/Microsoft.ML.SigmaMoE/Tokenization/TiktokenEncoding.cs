using System.Text.RegularExpressions;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What a published tiktoken encoding has besides its vocabulary: how it cuts words, and its special tokens.
/// </summary>
internal sealed record TiktokenEncoding(
    string Name,
    Regex Pattern,
    int TokenCount,
    int SeparatorId,
    IReadOnlyDictionary<string, int> SpecialTokens)
{
    private static readonly TiktokenEncoding[] All =
    [
        new("r50k_base", TiktokenPattern.R50K(), 50256, 50256, new Dictionary<string, int>()),
        new("p50k_base", TiktokenPattern.R50K(), 50280, 50256, new Dictionary<string, int>()),
        new("cl100k_base", TiktokenPattern.Cl100K(), 100256, 100257, new Dictionary<string, int>
        {
            ["<|fim_prefix|>"] = 100258,
            ["<|fim_middle|>"] = 100259,
            ["<|fim_suffix|>"] = 100260,
            ["<|endofprompt|>"] = 100276,
        }),
        new("o200k_base", TiktokenPattern.O200K(), 199998, 199999, new Dictionary<string, int>
        {
            ["<|endofprompt|>"] = 200018,
        }),
    ];

    /// <summary>Finds an encoding by name.</summary>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static TiktokenEncoding Find(string name) =>
        All.FirstOrDefault(encoding => encoding.Name == name) ?? throw new ArgumentException(
            $"Encoding is '{name}'; it must be one of {string.Join(", ", All.Select(encoding => encoding.Name))}.");

    /// <summary>Finds the encoding whose whole vocabulary has <paramref name="tokenCount"/> tokens, or null.</summary>
    public static TiktokenEncoding? FindBySize(int tokenCount) =>
        All.FirstOrDefault(encoding => encoding.TokenCount == tokenCount);
}
