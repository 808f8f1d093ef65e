using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Changes how many threads libtorch uses, which is the process's.</summary>
[Collection(Alone.Name)]
public sealed class PairMatrixThreadsTests
{
    [Fact]
    public void Multiply_OnAnyNumberOfThreads_GivesTheSameNumbers()
    {
        Assert.SkipUnless(Brgemm.IsAvailable, "Bfloat16 tiles need a processor that multiplies it.");
        using var scope = NewDisposeScope();
        var (x, weight) = (randn(40, 300), randn(1000, 300) / Math.Sqrt(300));
        using var packed = new PairMatrix(weight);
        var threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var alone = packed.Multiply(x);
            set_num_threads(Math.Max(threads, 2));
            TensorAssert.Same(alone, packed.Multiply(x));
        }
        finally
        {
            set_num_threads(threads);
        }
    }
}
