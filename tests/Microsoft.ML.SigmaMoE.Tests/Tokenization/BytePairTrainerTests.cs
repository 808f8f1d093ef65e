using CsCheck;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class BytePairTrainerTests
{
    // few letters make many repeated and overlapping pairs
    private static readonly Gen<string[]> Corpora =
        Gen.OneOf(Gen.Char['a', 'c'], Gen.Const(' '), Gen.Const('é'), Gen.Char['0', '1'])
            .Array[0, 60]
            .Select(characters => new string(characters))
            .Array[0, 6];

    [Fact]
    public void Train_OnAnyText_MergesWhatTheDefinitionMerges() =>
        Gen.Select(Corpora, Gen.Int[1, 3], Gen.Int[257, 300], Gen.Bool).Sample((corpus, minimum, size, split) =>
        {
            var options = new BytePairTokenizerOptions
            {
                VocabularySize = size,
                MinimumPairFrequency = minimum,
                SplitDigits = split,
            };
            Assert.Equal(NaiveBytePairTrainer.Train(options, corpus), Train(options, corpus));
        }, iter: 300);

    [Fact]
    public void Train_OnHostileText_MergesWhatTheDefinitionMerges()
    {
        var options = new BytePairTokenizerOptions { VocabularySize = 330 };
        string[] corpus = [.. HostileText.Samples.Values.Where(text => text.Length < 1000)];
        Assert.Equal(NaiveBytePairTrainer.Train(options, corpus), Train(options, corpus));
    }

    [Fact]
    public void Train_OnKnownText_MergesTheMostFrequentPairFirst()
    {
        var merges = Train(new() { VocabularySize = 259 }, ["abab", " aba", "aba"]);
        Assert.Equal([new('a', 'b'), new(256, 'a')], merges);
    }

    [Fact]
    public void Train_OnEquallyFrequentPairs_TakesTheSmallestIds()
    {
        var merges = Train(new() { VocabularySize = 260, MinimumPairFrequency = 1 }, ["zy", "xw", "xv"]);
        Assert.Equal([new('x', 'v'), new('x', 'w'), new('z', 'y')], merges);
    }

    [Fact]
    public void Train_WithDocumentsInAnotherOrder_GivesTheSameMerges() => Corpora.Sample(corpus =>
    {
        var options = new BytePairTokenizerOptions { VocabularySize = 300 };
        Assert.Equal(Train(options, corpus), Train(options, corpus.Reverse()));
    }, iter: 100);

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 0)]
    public void Train_WithAMinimumFrequency_LeavesRarerPairs(int minimum, int merges) =>
        Assert.Equal(merges, Train(new() { MinimumPairFrequency = minimum }, ["ab ab"]).Count);

    [Fact]
    public void Train_OnTinyText_GivesASmallerVocabularyThanAskedFor()
    {
        var tokenizer = TextTokenizer.Train(new BytePairTokenizerOptions(), ["aa aa"]);
        Assert.Equal(258, tokenizer.VocabularySize);
    }

    [Fact]
    public void Train_OnNothing_GivesBytesAndTheSeparator()
    {
        var tokenizer = TextTokenizer.Train(new BytePairTokenizerOptions(), Array.Empty<string>());
        Assert.Equal(257, tokenizer.VocabularySize);
        Assert.Equal("any téxt", tokenizer.Decode(tokenizer.Encode("any téxt")));
    }

    [Fact]
    public void Train_WithAllBytesOfTheOptions_GivesExactlyTheVocabularyAskedFor()
    {
        var options = new BytePairTokenizerOptions { VocabularySize = 300, SpecialTokens = ["<a>", "<b>"] };
        Assert.Equal(300, TextTokenizer.Train(options, HostileText.Samples.Values).VocabularySize);
    }

    [Fact]
    public void Train_WithMaximumTrainingBytes_StopsReadingThere()
    {
        var read = 0;
        var documents = Enumerable.Range(0, 100).Select(_ => { read++; return "0123456789"; });
        TextTokenizer.Train(new BytePairTokenizerOptions { MaximumTrainingBytes = 45 }, documents);
        Assert.Equal(5, read);
    }

    [Fact]
    public void Train_CancelledWhileReading_Stops()
    {
        using var cancellation = new CancellationTokenSource();
        var documents = Enumerable.Range(0, int.MaxValue).Select(i =>
        {
            if (i == 10)
            {
                cancellation.Cancel();
            }

            return "text";
        });
        Assert.Throws<OperationCanceledException>(
            () => TextTokenizer.Train(new BytePairTokenizerOptions(), documents, null, cancellation.Token));
    }

    [Fact]
    public void Train_CancelledWhileMerging_Stops()
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new Progress(state =>
        {
            if (state.TokenCount > 0)
            {
                cancellation.Cancel();
            }
        });
        var trainer = new BytePairTrainer(new() { MinimumPairFrequency = 1 }, progress, cancellation.Token);
        Assert.Throws<OperationCanceledException>(() => trainer.Train([RandomWords(5000).AsMemory()]));
    }

    [Fact]
    public void Train_WithProgress_ReportsReadingThenMerging()
    {
        var reports = new List<TokenizerTrainingProgress>();
        var text = RandomWords(500);
        TextTokenizer.Train(
            new BytePairTokenizerOptions { VocabularySize = 1000, SplitDigits = false },
            Enumerable.Repeat(text, 300),
            new Progress(reports.Add));
        Assert.Equal(0, reports[0].TokenCount);
        Assert.Equal(999, reports[^1].TokenCount);
        Assert.Equal(300L * text.Length, reports[^1].BytesRead);
        Assert.Equal(reports.OrderBy(report => report.TokenCount), reports);
    }

    private static string RandomWords(int count)
    {
        var random = new Random(1);
        return string.Join(' ', Enumerable.Range(0, count).Select(_ => $"{random.Next():x}"));
    }

    private static IReadOnlyList<TokenPair> Train(BytePairTokenizerOptions options, IEnumerable<string> documents) =>
        new BytePairTrainer(options, null, default).Train(documents.Select(text => text.AsMemory()));

    private sealed class Progress(Action<TokenizerTrainingProgress> report) : IProgress<TokenizerTrainingProgress>
    {
        public void Report(TokenizerTrainingProgress value) => report(value);
    }
}
