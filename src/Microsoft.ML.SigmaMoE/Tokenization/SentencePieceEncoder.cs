using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Opens models with Microsoft.ML.Tokenizers, around what its version 2.0 gets wrong. Of byte-pair models it finds the
/// names of control and byte pieces in text, of unigram models it misses the byte pieces: it is shown them as "unused",
/// which it knows but never chooses. Nor can it do without a begin and an end: it is shown the unknown piece there.
/// </summary>
internal static class SentencePieceEncoder
{
    /// <summary>Opens <paramref name="model"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="continues">Whether texts are the rest of a longer one, and so get no space before them.</param>
    /// <exception cref="FormatException">Microsoft.ML.Tokenizers cannot open the model.</exception>
    public static SentencePieceTokenizer Open(SentencePieceModel model, bool continues)
    {
        try
        {
            using var content = new MemoryStream(Write(model, continues));
            return SentencePieceTokenizer.Create(content, addBeginningOfSentence: false, addEndOfSentence: false);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // whatever a third party's reader throws at a file it does not like
            throw new FormatException($"Microsoft.ML.Tokenizers cannot open it: {fault.Message}", fault);
        }
    }

    private static byte[] Write(SentencePieceModel model, bool continues)
    {
        var content = (byte[])model.Content.Clone();
        foreach (var piece in model.Pieces.Where(piece => IsHidden(piece, model.Settings)))
        {
            content[piece.TypePosition] = (byte)SentencePieceType.Unused;
        }

        // a message that stands there a second time changes the fields that it has
        var (settings, trainer) = (model.Settings, SentencePieceFields.Trainer);
        return
        [
            .. content,
            .. settings.BeginId < 0 ? Setting(trainer, SentencePieceFields.TrainerBeginId, settings.UnknownId) : [],
            .. settings.EndId < 0 ? Setting(trainer, SentencePieceFields.TrainerEndId, settings.UnknownId) : [],
            .. continues ? Setting(SentencePieceFields.Normalizer, SentencePieceFields.NormalizerAddsPrefix, 0) : [],
        ];
    }

    private static bool IsHidden(SentencePiece piece, SentencePieceSettings settings) =>
        piece.Type == SentencePieceType.Byte || (piece.Type == SentencePieceType.Control && !settings.IsUnigram);

    private static byte[] Setting(int message, int field, int value)
    {
        byte[] setting = [.. Varint(field << 3), .. Varint(value)];
        return [.. Varint((message << 3) | 2), .. Varint(setting.Length), .. setting];
    }

    private static IEnumerable<byte> Varint(int value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            yield return (byte)(value | 0x80);
        }

        yield return (byte)value;
    }
}
