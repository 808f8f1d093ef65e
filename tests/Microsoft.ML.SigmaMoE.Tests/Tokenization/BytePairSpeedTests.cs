using System.Diagnostics;
using System.Text;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Measures time, so nothing runs beside it.</summary>
[Collection(Alone.Name)]
public sealed class BytePairSpeedTests
{
    private const int Words = 60_000;

    [Fact]
    public void Train_FourMegabytesWithTheStatisticsOfText_TakesSeconds()
    {
        string[] lines = [.. Lines(4 << 20)];
        Assert.InRange(lines.SelectMany(line => line.Split(' ')).Distinct().Count(), 25_000, Words);
        var watch = Stopwatch.StartNew();
        var tokenizer = TextTokenizer.Train(new BytePairTokenizerOptions { VocabularySize = 8000 }, lines);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 30);    // one or two; hours where each merge counts all anew
        Assert.Equal(8000, tokenizer.VocabularySize);
    }

    // The word of rank r comes with a frequency of about 1 / r, as in any language; frequent words are short.
    private static IEnumerable<string> Lines(int bytes)
    {
        var random = new Random(11);
        string[] words = [.. Enumerable.Range(0, Words).Select(rank => Word(random, rank))];
        var line = new StringBuilder();
        for (var written = 0; written < bytes; written += line.Length + 1)
        {
            line.Clear();
            for (var count = 3 + random.Next(20); count > 0; count--)
            {
                line.Append(words[(int)Math.Pow(Words, random.NextDouble()) - 1]).Append(count == 1 ? "." : " ");
            }

            yield return line.ToString();
        }
    }

    private static string Word(Random random, int rank)
    {
        var syllables = 1 + (int)Math.Log10(rank + 1) + random.Next(2);
        var word = new StringBuilder();
        for (var syllable = 0; syllable < syllables; syllable++)
        {
            word.Append("bcdfghklmnprstvw"[random.Next(16)]).Append("aeiou"[random.Next(5)]);
            word.Append('n', random.Next(2));
        }

        return word.ToString();
    }
}
