namespace Microsoft.ML.SigmaMoE;

/// <summary>Continues a prompt, one token at a time, for as long as one likes.</summary>
internal sealed class TextGenerator(TransformerNetwork network, TextTokenizer tokenizer)
{
    /// <summary>Continues <paramref name="prompt"/>; an empty one begins a document.</summary>
    /// <param name="prompt">The beginning of a document. It is not part of the result.</param>
    /// <param name="options">Validated options.</param>
    /// <param name="cancellationToken">Looked at before every token.</param>
    /// <returns>
    /// Pieces of text as they become certain, each of whole characters. Nothing happens until they are enumerated; each
    /// enumeration generates anew.
    /// </returns>
    public IEnumerable<string> Generate(string prompt, GenerationOptions options, CancellationToken cancellationToken = default) =>
        Pieces(tokenizer.Encode(prompt), options, cancellationToken).Where(piece => piece.Length > 0);

    private IEnumerable<string> Pieces(int[] prompt, GenerationOptions options, CancellationToken cancellationToken)
    {
        var decoder = tokenizer.CreateDecoder();
        Array.ForEach(prompt, token => decoder.Append(token));    // what follows a text begins otherwise than a text
        var stop = new StopMatcher(options.StopSequences);
        foreach (var token in Tokens(prompt, options, cancellationToken))
        {
            yield return stop.Append(decoder.Append(token));
            if (stop.IsStopped)
            {
                yield break;
            }
        }

        yield return stop.Append(decoder.Flush()) + stop.Flush();
    }

    private IEnumerable<int> Tokens(int[] prompt, GenerationOptions options, CancellationToken cancellationToken)
    {
        using var reader = new DocumentReader(network);
        var generator = options.Seed is { } seed ? new Random(seed) : new Random();
        var seen = prompt.ToHashSet();
        int[] unread = [tokenizer.SeparatorId, .. prompt];
        for (var count = 0; count < options.MaxTokens; count++)
        {
            var token = Sampler.Sample(reader.Read(unread, cancellationToken), options, seen, generator);
            if (token == tokenizer.SeparatorId && options.StopAtSeparator)
            {
                yield break;
            }

            yield return token;
            seen.Add(token);
            unread = [token];
        }
    }
}
