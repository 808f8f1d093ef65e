using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Says that a file in tiktoken's format holds the vocabulary.</summary>
internal sealed record TiktokenTokenizerHeader : TokenizerHeader
{
    [JsonRequired]
    public string Encoding { get; init; } = string.Empty;

    /// <summary>Gets how many tokens there are, so that a file cut off at the end of a line is noticed.</summary>
    [JsonRequired]
    public int TokenCount { get; init; }

    public override TokenCodec Open(INamedStreams files)
    {
        var encoding = TokenizerFile.Parse(files.Locate(FileName), Encoding, TiktokenEncoding.Find);
        return new TiktokenCodec(TokenizerFile.Read(files, TiktokenFile.Name, ReadPieces), encoding);
    }

    private byte[][] ReadPieces(byte[] content)
    {
        var pieces = TiktokenFile.Read(content);
        var count = pieces.Count(piece => piece.Length > 0);
        return count == TokenCount
            ? pieces
            : throw new FormatException($"it has {count} tokens; there should be {TokenCount}.");
    }
}
