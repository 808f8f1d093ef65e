namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Small tokenizers of every kind that gives any text back.</summary>
internal static class SampleTokenizers
{
    public static TextTokenizer Bytes { get; } = TextTokenizer.Train(new ByteTokenizerOptions(), Array.Empty<string>());

    public static TextTokenizer BytePair { get; } = TextTokenizer.Train(
        new BytePairTokenizerOptions { VocabularySize = 400, SpecialTokens = ["<|user|>", "<|system|>"] },
        Sentences);

    public static TextTokenizer BytePairWithNumbers { get; } = TextTokenizer.Train(
        new BytePairTokenizerOptions { VocabularySize = 500, SplitDigits = false },
        [.. Sentences, .. HostileText.Samples.Values]);

    public static IReadOnlyDictionary<string, TextTokenizer> Lossless { get; } = new Dictionary<string, TextTokenizer>
    {
        ["bytes"] = Bytes,
        ["byte-pair"] = BytePair,
        ["byte-pair, whole numbers"] = BytePairWithNumbers,
    };

    private static IEnumerable<string> Sentences =>
    [
        "The theory of the thing is that the other things are there, in 1999 and in 2019.",
        "They thought that this was theirs; nothing else is in these theses.",
        "日本語の文章、日本語の本。 Ελληνικά, ελληνικά και πάλι ελληνικά.",
        "👍🏽 👍🏽 👍🏽 thumbs and <|user|> <|user|> names",
    ];
}
