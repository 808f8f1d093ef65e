namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Writes documents into a token file, in their order or in a random one. For a random order they are written in theirs
/// first and copied then, so that memory does not grow with the text. Owns what it writes until it is complete.
/// </summary>
internal sealed class DocumentFileWriter : IDisposable
{
    private readonly int? _seed;
    private readonly TokenFileWriter _final;
    private readonly TokenFileWriter? _ordered;
    private readonly DocumentIndex? _index;

    /// <param name="path">The final name.</param>
    /// <param name="vocabularySize">One more than the largest token.</param>
    /// <param name="separator">The token written after every document.</param>
    /// <param name="seed">The seed of the random order, or null for the order of writing.</param>
    public DocumentFileWriter(string path, int vocabularySize, int separator, int? seed)
    {
        _seed = seed;
        _final = new(path, vocabularySize, separator);
        if (seed is not null)
        {
            _ordered = new(path + ".ordered", vocabularySize, separator);
            _index = new(path + ".index");
        }
    }

    /// <summary>Gets whether there is no token yet.</summary>
    public bool IsEmpty => (_ordered ?? _final).TokenCount == 0;

    /// <summary>Adds one document. One without tokens leaves no trace.</summary>
    public void Append(ReadOnlySpan<int> tokens, long utf8ByteCount)
    {
        if (!tokens.IsEmpty)
        {
            _index?.Add(_ordered!.TokenCount, utf8ByteCount);
            (_ordered ?? _final).Append(tokens, utf8ByteCount);
        }
    }

    /// <summary>Gives the file its final name and opens it.</summary>
    public TokenFile Complete(CancellationToken cancellationToken)
    {
        if (_ordered is not null && _index is not null)
        {
            _ordered.Complete();
            using (var ordered = TokenFile.Open(_ordered.Path))
            {
                Copy(ordered, _index, EpochOrder.Shuffled(_index.Count, 1, _seed!.Value, epoch: 0), cancellationToken);
            }

            File.Delete(_ordered.Path);
        }

        _final.Complete();
        return TokenFile.Open(_final.Path);
    }

    public void Dispose()
    {
        _final.Dispose();
        _ordered?.Dispose();
        _index?.Dispose();
    }

    private void Copy(TokenFile source, DocumentIndex index, EpochOrder order, CancellationToken cancellationToken)
    {
        for (var place = 0L; place < index.Count; place++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var document = order[place];
            var (start, utf8ByteCount) = index.Read(document);
            var next = document + 1 < index.Count ? index.Read(document + 1).Start : source.TokenCount;
            var tokens = new long[next - start - 1];    // without the separator, which the writer adds
            source.Read(start, tokens);
            _final.Append(Array.ConvertAll(tokens, token => (int)token), utf8ByteCount);
        }
    }
}
