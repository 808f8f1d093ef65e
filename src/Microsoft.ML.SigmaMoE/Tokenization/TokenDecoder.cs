using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Turns tokens into text one by one, as they are generated.</summary>
/// <remarks>
/// A character's bytes may be spread over several tokens; they are held back until it is complete. Not safe to use from
/// several threads at once.
/// </remarks>
public sealed class TokenDecoder
{
    private readonly TextTokenizer _tokenizer;
    private readonly Decoder _utf8 = Encoding.UTF8.GetDecoder();
    private bool _atStart = true;

    internal TokenDecoder(TextTokenizer tokenizer) => _tokenizer = tokenizer;

    /// <summary>Takes the next token and returns the characters that it completes; often none.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="id"/> is not in the vocabulary.</exception>
    public string Append(int id)
    {
        var piece = _tokenizer.Piece(id);
        if (_atStart && piece.Length > 0)
        {
            _atStart = false;
            piece = _tokenizer.AddsLeadingSpace && piece[0] == ' ' ? piece[1..] : piece;
        }

        return Decode(piece, flush: false);
    }

    /// <summary>Ends the text: returns U+FFFD where its last character never became complete, else nothing.</summary>
    /// <remarks>The decoder is ready for another text afterwards.</remarks>
    public string Flush()
    {
        _atStart = true;
        return Decode([], flush: true);
    }

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        var characters = new char[_utf8.GetCharCount(bytes, flush)];
        _utf8.GetChars(bytes, characters, flush);
        return new string(characters);
    }
}
