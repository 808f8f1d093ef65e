namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The tokens were defined elsewhere: the model was imported, with the tokenizer that came with its checkpoint or with
/// none.
/// </summary>
public sealed record ExternalTokenizerOptions : TokenizerOptions
{
    internal override void Validate()
    {
    }
}
