namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// How a backward pass is shared out: a head's rows of the batch are one piece where there are as many heads as
/// threads, and a few pieces else, whose sums are added in their order.
/// </summary>
/// <param name="Batch">Rows of the batch.</param>
/// <param name="Count">Pieces a head.</param>
internal readonly record struct AttentionPieces(int Batch, int Count)
{
    /// <summary>Chooses for the threads that there are.</summary>
    public static AttentionPieces Of(AttentionShape shape) =>
        new(shape.Batch, Math.Clamp((CpuWork.Threads + shape.Heads - 1) / shape.Heads, 1, shape.Batch));

    /// <summary>Gets the rows of a piece.</summary>
    public (int First, int End) Rows(int piece) => (Batch * piece / Count, Batch * (piece + 1) / Count);
}
