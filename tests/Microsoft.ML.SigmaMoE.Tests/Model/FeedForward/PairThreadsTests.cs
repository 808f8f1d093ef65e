using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Changes how many threads libtorch uses, which is the process's.</summary>
[Collection(Alone.Name)]
public sealed class PairThreadsTests
{
    // more numbers than libtorch leaves to one thread
    [Fact]
    public void Gradients_OnAnyNumberOfThreads_HaveTheSameBits()
    {
        using var scope = NewDisposeScope();
        using var ranks = new PairRanks(32, CPU);
        using var blocks = new RankBlocks(32, CPU);
        var problem = new PairProblem(1024, 4, 32);
        var pairs = ranks.Best(problem.First, problem.Second);
        Tensor[] Run()
        {
            var added = ranks.ByRank(problem.Arriving, pairs.First, pairs.Second);
            var summed = blocks.Sum(problem.Arriving, pairs.First, pairs.Second);
            return [added.First, added.Second, summed.First, summed.Second];
        }

        var threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var one = Run();
            set_num_threads(5);
            Assert.All(one.Zip(Run()), pair => TensorAssert.Same(pair.First, pair.Second));
        }
        finally
        {
            set_num_threads(threads);
        }
    }
}
