using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The best pairs of a first and a second sub-key, in no order.</summary>
/// <param name="Sums">The sums of their scores, [tokens, heads, count].</param>
/// <param name="First">The rank of the first sub-key among the best, [tokens, heads, count], int64.</param>
/// <param name="Second">The rank of the second sub-key, [tokens, heads, count], int64.</param>
internal readonly record struct BestPairs(Tensor Sums, Tensor First, Tensor Second);
