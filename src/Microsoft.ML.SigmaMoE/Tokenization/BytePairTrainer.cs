namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Learns byte-pair merges: of all neighbouring tokens inside words, the most frequent pair becomes a token of its own,
/// again and again. Equally frequent pairs are merged in the order of their ids, so the same text gives the same merges
/// whatever the order of its documents.
/// </summary>
internal sealed class BytePairTrainer(
    BytePairTokenizerOptions options,
    IProgress<TokenizerTrainingProgress>? progress,
    CancellationToken cancellationToken)
{
    private const int ReportInterval = 256;

    /// <summary>Learns from <paramref name="documents"/>; merge n makes the token 256 + n.</summary>
    public IReadOnlyList<TokenPair> Train(IEnumerable<ReadOnlyMemory<char>> documents)
    {
        var counter = Count(documents);
        var words = new TrainingWords(counter.Counts);
        var pairs = new PairTable(options.MinimumPairFrequency);
        words.CountPairs(pairs);

        var merges = new List<TokenPair>();
        while (merges.Count < options.MergeCount && pairs.TryTake(out var pair, out var places))
        {
            cancellationToken.ThrowIfCancellationRequested();
            words.Merge(pair, 256 + merges.Count, places, pairs);
            merges.Add(pair);
            if (merges.Count % ReportInterval == 0)
            {
                Report(counter, 256 + merges.Count);
            }
        }

        Report(counter, 256 + merges.Count);
        return merges;
    }

    private WordCounter Count(IEnumerable<ReadOnlyMemory<char>> documents)
    {
        var counter = new WordCounter(WordPattern.For(options.SplitDigits));
        var documentCount = 0;
        foreach (var document in documents)
        {
            cancellationToken.ThrowIfCancellationRequested();
            counter.Add(document.Span);
            if (counter.BytesRead >= options.MaximumTrainingBytes)
            {
                break;
            }

            if (++documentCount % ReportInterval == 0)
            {
                Report(counter, tokenCount: 0);
            }
        }

        return counter;
    }

    private void Report(WordCounter counter, int tokenCount) =>
        progress?.Report(new(counter.BytesRead, counter.Counts.Count, tokenCount));
}
