using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using static Microsoft.ML.Transforms.Text.NgramExtractingEstimator;

namespace QuickStart;

/// <summary>What one would use without a language model: counts of words or characters.</summary>
/// <remarks>
/// The counts are weighted by rarity in all training text, labelled or not. Tried on the SDK's documentation and not kept,
/// for they were slower and no better: pairs of words, words and characters together, four and more characters,
/// FeaturizeText's defaults, principal components.
/// </remarks>
internal static class ClassicalContenders
{
    private const int MostNgrams = 200_000;
    private const int LongestNgram = 3;

    public static IReadOnlyList<Contender> Fit(MLContext context, IEnumerable<Document> text)
    {
        var rows = context.Data.LoadFromEnumerable(text);
        return
        [
            new("words, TF-IDF", Words(context).Fit(rows)),
            new("1–3 characters, TF-IDF", Characters(context).Fit(rows)),
        ];
    }

    private static EstimatorChain<LpNormNormalizingTransformer> Words(MLContext context)
    {
        char[] separators = [.. Enumerable.Range(0, 128).Select(code => (char)code).Where(c => !char.IsLetterOrDigit(c))];
        return context.Transforms.Text.NormalizeText("Lower", "Text", keepPunctuations: true)
            .Append(context.Transforms.Text.TokenizeIntoWords("Words", "Lower", separators))
            .Append(context.Transforms.Conversion.MapValueToKey("Keys", "Words"))
            .Append(context.Transforms.Text.ProduceNgrams(
                "Counts", "Keys", ngramLength: 1, maximumNgramsCount: MostNgrams, weighting: WeightingCriteria.TfIdf))
            .Append(context.Transforms.NormalizeLpNorm(Contender.Column, "Counts"));
    }

    private static EstimatorChain<LpNormNormalizingTransformer> Characters(MLContext context) =>
        context.Transforms.Text.TokenizeIntoCharactersAsKeys("Characters", "Text", useMarkerCharacters: false)
            .Append(context.Transforms.Text.ProduceNgrams(
                "Counts", "Characters", LongestNgram, maximumNgramsCount: MostNgrams, weighting: WeightingCriteria.TfIdf))
            .Append(context.Transforms.NormalizeLpNorm(Contender.Column, "Counts"));
}
