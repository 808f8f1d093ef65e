namespace Microsoft.ML.SigmaMoE;

/// <summary>What a piece of a SentencePiece model is for, by the numbers of its file format.</summary>
internal enum SentencePieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}
