namespace Microsoft.ML.SigmaMoE;

/// <summary>One token for each byte of UTF-8: 256 tokens and the document separator. Nothing is trained.</summary>
public sealed record ByteTokenizerOptions : TokenizerOptions
{
    internal override void Validate()
    {
    }
}
