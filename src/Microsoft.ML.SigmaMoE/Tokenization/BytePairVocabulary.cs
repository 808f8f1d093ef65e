namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A byte-level vocabulary: tokens written in the <see cref="ByteAlphabet"/>, and the merges that make them, in order.
/// </summary>
internal sealed record BytePairVocabulary(IReadOnlyDictionary<string, int> Tokens, IReadOnlyList<string> Merges)
{
    /// <summary>Makes the vocabulary whose first 256 ids are the bytes and whose id 256 + n is merge n.</summary>
    public static BytePairVocabulary FromMerges(IReadOnlyList<TokenPair> merges)
    {
        var names = Enumerable.Range(0, 256).Select(value => ByteAlphabet.Write([(byte)value])).ToList();
        var lines = new List<string>(merges.Count);
        foreach (var (left, right) in merges)
        {
            lines.Add($"{names[left]} {names[right]}");
            names.Add(names[left] + names[right]);
        }

        return new(
            names.Index().ToDictionary(token => token.Item, token => token.Index, StringComparer.Ordinal), lines);
    }

    /// <summary>Lists the bytes of every id; ids that no token has are empty.</summary>
    public byte[][] Pieces()
    {
        var pieces = new byte[Tokens.Values.Max() + 1][];
        Array.Fill(pieces, []);
        foreach (var (name, id) in Tokens)
        {
            pieces[id] = ByteAlphabet.Read(name);
        }

        return pieces;
    }
}
