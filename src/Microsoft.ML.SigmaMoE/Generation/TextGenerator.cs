namespace Microsoft.ML.SigmaMoE;

/// <summary>Continues a prompt, one token at a time, for as long as one likes.</summary>
internal sealed class TextGenerator(TransformerNetwork network, TextTokenizer tokenizer)
{
    private readonly TokenGenerator _tokens = new(network, tokenizer.SeparatorId);

    /// <summary>Continues <paramref name="prompt"/>; an empty one begins a document.</summary>
    /// <param name="prompt">The beginning of a document. It is not part of the result.</param>
    /// <param name="options">Validated options.</param>
    /// <param name="cancellationToken">Looked at before every token.</param>
    /// <returns>
    /// Pieces of text as they become certain, each of whole characters. Nothing happens until they are enumerated; each
    /// enumeration generates anew.
    /// </returns>
    public IEnumerable<string> Generate(
        string prompt, GenerationOptions options, CancellationToken cancellationToken = default) =>
        Pieces(tokenizer.Encode(prompt), options, cancellationToken).Where(piece => piece.Length > 0);

    private IEnumerable<string> Pieces(int[] prompt, GenerationOptions options, CancellationToken cancellationToken)
    {
        var decoder = tokenizer.CreateDecoder();
        Array.ForEach(prompt, token => decoder.Append(token));    // what follows a text begins otherwise than a text
        var stop = new StopMatcher(options.StopSequences);
        int[] document = [tokenizer.SeparatorId, .. prompt];
        foreach (var token in _tokens.Generate(document, options, cancellationToken))
        {
            yield return stop.Append(decoder.Append(token));
            if (stop.IsStopped)
            {
                yield break;
            }
        }

        yield return stop.Append(decoder.Flush()) + stop.Flush();
    }
}
