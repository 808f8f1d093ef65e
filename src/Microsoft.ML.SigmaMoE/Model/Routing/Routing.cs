using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Where one call of a mixture sent its tokens.</summary>
/// <param name="Experts">[tokens, K], int64: the chosen experts, in no particular order.</param>
/// <param name="Weights">[tokens, K], float32: what each chosen expert's output is multiplied by; carries the gradient.</param>
/// <param name="Logits">[tokens, experts], float32: the raw logits, before dropout and activation.</param>
internal sealed record Routing(Tensor Experts, Tensor Weights, Tensor Logits);
