using System.Runtime.CompilerServices;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Takes the vocabulary out of a tokenizer of Microsoft.ML.Tokenizers, which shows only the tokens that are whole
/// characters.
/// </summary>
internal static class TiktokenVocabulary
{
    /// <summary>Lists the bytes of every id; ids that no token has are empty.</summary>
    public static byte[][] Pieces(TiktokenTokenizer tokenizer)
    {
        var tokens = Tokens(tokenizer);
        var pieces = new byte[tokens.Values.Max() + 1][];
        Array.Fill(pieces, []);
        foreach (var (token, id) in tokens)
        {
            pieces[id] = token.ToArray();
        }

        return pieces;
    }

    /// <summary>Gets the vocabulary of <paramref name="encoding"/> from the package that holds it.</summary>
    /// <exception cref="InvalidOperationException">The application does not reference that package.</exception>
    public static byte[][] Pieces(TiktokenEncoding encoding)
    {
        try
        {
            return Pieces(TiktokenTokenizer.CreateForEncoding(encoding.Name));
        }
        catch (Exception fault) when (fault is InvalidOperationException or NotSupportedException or ArgumentException)
        {
            throw new InvalidOperationException(
                $"The vocabulary of {encoding.Name} is not there: {fault.Message} "
                + "Add that package, or set Path to a .tiktoken file.",
                fault);
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Encoder")]
    private static extern IReadOnlyDictionary<ReadOnlyMemory<byte>, int> Tokens(TiktokenTokenizer tokenizer);
}
