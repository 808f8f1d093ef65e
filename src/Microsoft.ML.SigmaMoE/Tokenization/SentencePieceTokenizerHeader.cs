namespace Microsoft.ML.SigmaMoE;

/// <summary>Says that a SentencePiece model file holds the vocabulary.</summary>
internal sealed record SentencePieceTokenizerHeader : TokenizerHeader
{
    public override TokenCodec Open(INamedStreams files) =>
        TokenizerFile.Read(
            files, SentencePieceCodec.FileName, content => new SentencePieceCodec(SentencePieceReader.Read(content)));
}
