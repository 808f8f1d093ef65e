using BenchmarkDotNet.Attributes;

namespace Microsoft.ML.SigmaMoE.Benchmarks;

/// <summary>
/// Encoding 100,000 words by a byte-pair vocabulary that was trained on words made of the same syllables.
/// </summary>
public class TokenizerBenchmark
{
    private readonly string _text = Text(1, 100_000);
    private readonly TextTokenizer _tokenizer =
        TextTokenizer.Train(new BytePairTokenizerOptions { VocabularySize = 4000 }, [Text(2, 50_000)]);

    [Benchmark]
    public int[] Encode() => _tokenizer.Encode(_text);

    // Words are of one to four syllables, the first syllables the commonest.
    private static string Text(int seed, int words)
    {
        var random = new Random(seed);
        string Syllable()
        {
            var place = (int)(400 * random.NextDouble() * random.NextDouble());
            return $"{"bdfghjklmnprstvwyz"[place % 18]}{"aeiou"[place / 18 % 5]}{"nrstl"[place % 5]}";
        }

        string Word() => string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => Syllable()));
        return string.Join(' ', Enumerable.Range(0, words).Select(_ => Word()));
    }
}
