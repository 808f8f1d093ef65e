namespace Microsoft.ML.SigmaMoE;

/// <summary>How far the training of a tokenizer is.</summary>
/// <param name="BytesRead">The bytes of UTF-8 read so far.</param>
/// <param name="DistinctWords">The number of different words met so far.</param>
/// <param name="TokenCount">The size of the vocabulary so far; 0 while text is still being read.</param>
public sealed record TokenizerTrainingProgress(long BytesRead, int DistinctWords, int TokenCount);
