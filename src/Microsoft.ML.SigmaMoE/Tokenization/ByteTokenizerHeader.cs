namespace Microsoft.ML.SigmaMoE;

/// <summary>Says that ids are bytes.</summary>
internal sealed record ByteTokenizerHeader : TokenizerHeader
{
    public override TokenCodec Open(INamedStreams files) => new ByteCodec();
}
