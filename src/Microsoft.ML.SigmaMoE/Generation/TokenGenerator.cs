namespace Microsoft.ML.SigmaMoE;

/// <summary>Continues a document of tokens, one at a time, for as long as one likes.</summary>
/// <param name="network">Says what may come next.</param>
/// <param name="separatorId">The token that ends a document, or null where none is known.</param>
internal sealed class TokenGenerator(TransformerNetwork network, int? separatorId)
{
    /// <summary>Continues <paramref name="document"/>, at least one token. Each enumeration generates anew.</summary>
    public IEnumerable<int> Generate(
        int[] document, GenerationOptions options, CancellationToken cancellationToken = default)
    {
        using var reader = new DocumentReader(network);
        var generator = options.Seed is { } seed ? new Random(seed) : new Random();
        var seen = document.Where(token => token != separatorId).ToHashSet();
        var unread = document;
        for (var count = 0; count < options.MaxTokens; count++)
        {
            var token = Sampler.Sample(reader.Read(unread, cancellationToken), options, seen, generator);
            if (token == separatorId && options.StopAtSeparator)
            {
                yield break;
            }

            yield return token;
            seen.Add(token);
            unread = [token];
        }
    }
}
