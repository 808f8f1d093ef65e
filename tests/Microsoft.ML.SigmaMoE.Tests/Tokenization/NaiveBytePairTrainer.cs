using System.Text;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Byte-pair training as its definition says, counting everything anew for every merge.</summary>
internal static class NaiveBytePairTrainer
{
    public static IReadOnlyList<TokenPair> Train(BytePairTokenizerOptions options, IEnumerable<string> documents)
    {
        var words = documents
            .SelectMany(text => WordPattern.For(options.SplitDigits).Matches(text).Select(match => match.Value))
            .Select(word => Encoding.UTF8.GetBytes(word).Select(value => (int)value).ToList())
            .ToList();
        var merges = new List<TokenPair>();
        while (merges.Count < options.MergeCount && MostFrequent(words, options.MinimumPairFrequency) is { } pair)
        {
            words.ForEach(word => Merge(word, pair, 256 + merges.Count));
            merges.Add(pair);
        }

        return merges;
    }

    private static TokenPair? MostFrequent(List<List<int>> words, int minimum) => words
        .SelectMany(word => word.Zip(word.Skip(1), (left, right) => new TokenPair(left, right)))
        .GroupBy(pair => pair)
        .Where(pairs => pairs.Count() >= minimum)
        .OrderByDescending(pairs => pairs.Count())
        .ThenBy(pairs => pairs.Key.Left)
        .ThenBy(pairs => pairs.Key.Right)
        .Select(pairs => (TokenPair?)pairs.Key)
        .FirstOrDefault();

    public static void Merge(List<int> word, TokenPair pair, int merged)
    {
        for (var i = 0; i + 1 < word.Count; i++)
        {
            if (word[i] == pair.Left && word[i + 1] == pair.Right)
            {
                word[i] = merged;
                word.RemoveAt(i + 1);
            }
        }
    }
}
