namespace Microsoft.ML.SigmaMoE;

/// <summary>The numbers of the protobuf fields of SentencePiece's file format that matter here.</summary>
internal static class SentencePieceFields
{
    public const int Piece = 1;
    public const int Trainer = 2;
    public const int Normalizer = 3;

    public const int PieceText = 1;
    public const int PieceType = 3;

    public const int TrainerModelType = 3;
    public const int TrainerSpaceIsSuffix = 24;
    public const int TrainerByteFallback = 35;
    public const int TrainerUnknownId = 40;
    public const int TrainerBeginId = 41;
    public const int TrainerEndId = 42;

    public const int NormalizerAddsPrefix = 3;
}
