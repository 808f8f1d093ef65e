namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>The algorithm of a SentencePiece model, by the numbers of its file format.</summary>
public enum SentencePieceModelType
{
    Unigram = 1,
    BytePair = 2,
    Word = 3,
}
