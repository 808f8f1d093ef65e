using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Forward passes of which nothing stays but what libtorch holds for the backward pass, as in training. The memory of
/// what does not stay is written over: whoever still reads it computes something else.
/// </summary>
internal static class Forgetting
{
    // of every size alike: a block is given out again first to who asks for just as much
    private const int LargestPower = 14;
    private const int Tensors = 3000;

    public static (Tensor Loss, Tensor Result) AllBut(Func<(Tensor Loss, Tensor Result)> forward)
    {
        (Tensor Loss, Tensor Result) kept;
        using (NewDisposeScope())
        {
            var (loss, result) = forward();
            kept = (loss.MoveToOuterDisposeScope(), result.MoveToOuterDisposeScope());
        }

        using var scope = NewDisposeScope();
        var random = new Random(1);
        for (var i = 0; i < Tensors; i++)
        {
            full((int)Math.Pow(2, LargestPower * random.NextDouble()), float.NaN);
        }

        return kept;
    }
}
