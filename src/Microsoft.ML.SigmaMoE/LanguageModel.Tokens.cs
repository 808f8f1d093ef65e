namespace Microsoft.ML.SigmaMoE;

// Token ids instead of text, for models whose tokenizer is elsewhere.
public sealed partial class LanguageModel
{
    /// <summary>Scores rows of token ids. Results are in the order of the rows.</summary>
    /// <param name="rows">
    /// Independent documents. The first token of a row is given, not predicted: a row of n tokens has n − 1
    /// log-likelihoods. A row that begins with the tokenizer's separator scores as its text does.
    /// </param>
    /// <param name="cancellationToken">Looked at before every forward pass.</param>
    /// <returns>Scores without a number of bytes, so without bits per byte.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public IReadOnlyList<RowScore> Score(IEnumerable<int[]> rows, CancellationToken cancellationToken = default) =>
        Score(rows, Options.Features, ScoreParts.LogLikelihoods, cancellationToken);

    /// <summary>Turns rows of token ids into feature vectors: their hidden states, pooled.</summary>
    /// <param name="rows">
    /// Independent documents. The first token of a row is given: its own state is not pooled.
    /// </param>
    /// <param name="features">How to pool; null for the model's own options.</param>
    /// <param name="cancellationToken">Looked at before every forward pass.</param>
    /// <returns>One vector a row; zeros for a row of fewer than two tokens.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public IReadOnlyList<float[]> Embed(
        IEnumerable<int[]> rows, FeatureOptions? features = null, CancellationToken cancellationToken = default) =>
        [.. Score(rows, features ?? Options.Features, ScoreParts.Features, cancellationToken).Select(score => score.Features)];

    /// <summary>Continues token ids, one by one.</summary>
    /// <param name="prompt">The beginning of a document, at least one token. It is not part of the result.</param>
    /// <param name="options">
    /// How to draw tokens and when to stop; null for the defaults. Texts to stop at need a tokenizer.
    /// </param>
    /// <param name="cancellationToken">Looked at before every token.</param>
    /// <returns>Ids. Nothing is computed until they are enumerated, and each enumeration begins anew.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public IEnumerable<int> GenerateTokens(
        IEnumerable<int> prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        int[][] document = [[.. prompt]];
        CheckIds(document);
        ArgumentOutOfRangeException.ThrowIfZero(document[0].Length, nameof(prompt));
        options ??= new();
        options.Validate();
        if (options.StopSequences.Count > 0)
        {
            throw new ArgumentException(
                "StopSequences are texts; generated tokens are not compared with them.", nameof(options));
        }

        _network.ThrowIfDisposed();
        return Continue(document[0], options, cancellationToken);
    }

    private RowScore[] Score(
        IEnumerable<int[]> rows, FeatureOptions features, ScoreParts parts, CancellationToken cancellationToken)
    {
        int[][] all = [.. rows];
        CheckIds(all);
        features.Validate(Options.Model.LayerCount);
        using var network = _network.Copy();
        return new TokenScorer(network.Value, features).Score(all, parts, cancellationToken);
    }

    private IEnumerable<int> Continue(int[] document, GenerationOptions options, CancellationToken cancellationToken)
    {
        using var network = _network.Copy();
        foreach (var token in new TokenGenerator(network.Value, _tokenizer?.SeparatorId).Generate(document, options, cancellationToken))
        {
            yield return token;
        }
    }

    private void CheckIds(int[][] rows)
    {
        foreach (var (index, row) in rows.Index())
        {
            ArgumentNullException.ThrowIfNull(row);
            var place = row.AsSpan().IndexOfAnyExceptInRange(0, VocabularySize - 1);
            if (place >= 0)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(rows),
                    row[place],
                    $"Token {place} of row {index} is {row[place]}; the model's tokens are 0 to {VocabularySize - 1}.");
            }
        }
    }
}
