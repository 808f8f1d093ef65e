using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>How text becomes tokens. A closed hierarchy: one record a kind of tokenizer.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(ByteTokenizerOptions), "bytes")]
[JsonDerivedType(typeof(BytePairTokenizerOptions), "byte-pair")]
[JsonDerivedType(typeof(SentencePieceTokenizerOptions), "sentencepiece")]
[JsonDerivedType(typeof(TiktokenTokenizerOptions), "tiktoken")]
[JsonDerivedType(typeof(SavedTokenizerOptions), "saved")]
[JsonDerivedType(typeof(ExternalTokenizerOptions), "external")]
public abstract record TokenizerOptions
{
    private protected TokenizerOptions()
    {
    }

    internal abstract void Validate();
}
