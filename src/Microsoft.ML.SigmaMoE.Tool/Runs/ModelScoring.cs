namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Sends documents through a model, some at a time, however many there are.</summary>
internal static class ModelScoring
{
    // many batches of the model, few enough to answer Ctrl+C and to show progress
    private const int DocumentsAtATime = 256;

    /// <summary>Scores documents in order; the text is read as the results are taken.</summary>
    public static IEnumerable<RowScore> Score(
        LanguageModel model, IEnumerable<string> documents, IProgress<WorkState> progress,
        CancellationToken cancellationToken) =>
        InChunks(documents, progress, texts => model.Score(texts, cancellationToken), cancellationToken);

    /// <summary>Scores rows of token ids in order.</summary>
    public static IEnumerable<RowScore> Score(
        LanguageModel model, IEnumerable<int[]> rows, IProgress<WorkState> progress,
        CancellationToken cancellationToken) =>
        InChunks(rows, progress, chunk => model.Score(chunk, cancellationToken), cancellationToken);

    /// <summary>Turns documents into feature vectors, in order.</summary>
    public static IEnumerable<float[]> Embed(
        LanguageModel model,
        IEnumerable<string> documents,
        FeatureOptions features,
        IProgress<WorkState> progress,
        CancellationToken cancellationToken) =>
        InChunks(documents, progress, texts => model.Embed(texts, features, cancellationToken), cancellationToken);

    /// <summary>Measures a model on documents taken together.</summary>
    public static LanguageModelMetrics Evaluate(
        LanguageModel model, IEnumerable<string> documents, IProgress<WorkState> progress,
        CancellationToken cancellationToken)
    {
        var sum = new LanguageModelMetrics { RowCount = 0, TokenCount = 0, ByteCount = 0, LogLikelihood = 0 };
        foreach (var score in Score(model, documents, progress, cancellationToken))
        {
            sum = sum with
            {
                RowCount = sum.RowCount + 1,
                TokenCount = sum.TokenCount + score.TokenCount,
                ByteCount = sum.ByteCount + score.ByteCount,
                LogLikelihood = sum.LogLikelihood + score.LogLikelihood,
            };
        }

        return sum.TokenCount > 0 ? sum : throw new UserException("The text is empty; there is nothing to measure.");
    }

    private static IEnumerable<TResult> InChunks<TDocument, TResult>(
        IEnumerable<TDocument> documents,
        IProgress<WorkState> progress,
        Func<TDocument[], IReadOnlyList<TResult>> compute,
        CancellationToken cancellationToken)
    {
        var count = 0L;
        foreach (var chunk in documents.Chunk(DocumentsAtATime))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach (var result in compute(chunk))
            {
                yield return result;
            }

            count += chunk.Length;
            progress.Report(new(null, $"{count:N0} documents"));
        }
    }
}
