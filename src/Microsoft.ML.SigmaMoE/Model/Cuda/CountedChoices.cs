using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What a router's kernel leaves for the experts' kernels beside its choices: nothing is counted twice.
/// </summary>
/// <param name="Chosen">[tokens, K], int32: the choices.</param>
/// <param name="Counts">[blocks, experts], int32: how many tokens of each block chose each expert.</param>
internal sealed record CountedChoices(Tensor Chosen, Tensor Counts)
{
    /// <summary>The tokens that a block counts; BLOCK_TOKENS of kernels/routing.cu.</summary>
    public const int BlockTokens = 128;

    /// <summary>The threads of such a block; ROUTE_THREADS of kernels/routing.cu.</summary>
    public const int Threads = 512;

    /// <summary>Gets the blocks that count tokens.</summary>
    public static int BlocksOf(int tokens) => (tokens + BlockTokens - 1) / BlockTokens;

    /// <summary>Gets the shared memory of a block that keeps its tokens' choices.</summary>
    public static int SharedBytes(int active) => BlockTokens * active * sizeof(int);
}
