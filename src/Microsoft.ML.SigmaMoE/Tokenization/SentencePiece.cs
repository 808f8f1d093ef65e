namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One piece of a SentencePiece model, and where in the file the byte of its type stands (0 where it has none).
/// </summary>
internal readonly record struct SentencePiece(string Text, SentencePieceType Type, int TypePosition);

/// <summary>What a piece is for, by the numbers of the file format.</summary>
internal enum SentencePieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}
