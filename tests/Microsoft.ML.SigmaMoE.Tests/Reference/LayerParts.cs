using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>What a case shows of the inside of blocks without experts.</summary>
internal static class LayerParts
{
    public static void Check(ReferenceCase reference, FeedForward block, Tensor x)
    {
        switch (block)
        {
            case TopKFeedForward topK:
                var hidden = topK.Hidden(x);                                                    // [batch, time, d_ff]
                reference.Check("out.hidden", hidden, Tolerances.Forward);
                reference.Check("out.hidden_topk", topK.Largest(hidden), Tolerances.Forward);
                break;
            case ProductKeyMemory memory:
                var (first, second) = memory.SubScores(x.flatten(0, 1));                        // [tokens, heads, n]
                CheckScores(reference, memory, first, second);
                break;
        }
    }

    // Top-k returns the pairs of a head in any order: they are compared by their places.
    private static void CheckScores(ReferenceCase reference, ProductKeyMemory memory, Tensor first, Tensor second)
    {
        if (!reference.Has("out.index"))
        {
            reference.Compare(
                reference["out.score"].flatten(0, 1), ProductKeyMemory.AllScores(first, second), Tolerances.Forward,
                "out.score");
            return;
        }

        var (scores, places) = memory.Nearest(first, second);        // [tokens, heads · nearest]
        var theirs = reference["out.index"].flatten(0, 1).sort(-1);  // [tokens, heads, nearest]
        var ours = places.view(theirs.Values.shape).sort(-1);
        reference.Compare(theirs.Values, ours.Values, 0, "out.index");
        reference.Compare(
            reference["out.score"].flatten(0, 1).gather(-1, theirs.Indices),
            scores.view(theirs.Values.shape).gather(-1, ours.Indices),
            Tolerances.Forward,
            "out.score");
    }
}
