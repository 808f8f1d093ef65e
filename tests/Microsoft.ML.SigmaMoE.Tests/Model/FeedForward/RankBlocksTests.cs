using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>The sums that a GPU is asked for, on the processor beside those of libtorch's gradient of gather.</summary>
public sealed class RankBlocksTests
{
    /// <summary>Gets (tokens, heads, count).</summary>
    public static TheoryData<int, int, int> Sizes => new()
    {
        { 1, 1, 1 }, { 5, 2, 2 }, { 9, 3, 3 }, { 40, 1, 4 }, { 7, 4, 7 }, { 21, 2, 16 }, { 30, 4, 32 }, { 3, 2, 63 },
        { 11, 3, 130 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Sum_OfNumbers_IsTheGradientOfGather(int tokens, int heads, int count)
    {
        using var scope = NewDisposeScope();
        var (problem, pairs) = Problem(tokens, heads, count, areWhole: false);
        var wanted = problem.Truth(pairs, ScalarType.Float64);
        using var blocks = new RankBlocks(count, CPU);
        var (first, second) = blocks.Sum(problem.Arriving, pairs.First, pairs.Second);
        TensorAssert.Close(wanted[1], first, 1e-6, "by first scores");
        TensorAssert.Close(wanted[2], second, 1e-6, "by second scores");
    }

    // their sums are exact in any order; scores that are equal are chosen in any order too
    [Theory]
    [MemberData(nameof(Sizes))]
    public void Sum_OfWholeNumbers_IsExact(int tokens, int heads, int count)
    {
        using var scope = NewDisposeScope();
        var (problem, pairs) = Problem(tokens, heads, count, areWhole: true);
        var wanted = problem.Truth(pairs);
        using var blocks = new RankBlocks(count, CPU);
        var (first, second) = blocks.Sum(problem.Arriving, pairs.First, pairs.Second);
        TensorAssert.Same(wanted[1], first, "by first scores");
        TensorAssert.Same(wanted[2], second, "by second scores");
    }

    [Fact]
    public void Sum_OfTensorsThatAreNotDense_IsTheSame()
    {
        using var scope = NewDisposeScope();
        var (problem, pairs) = Problem(6, 5, 7, areWhole: false);
        using var blocks = new RankBlocks(7, CPU);
        var wanted = blocks.Sum(problem.Arriving, pairs.First, pairs.Second);
        var got = blocks.Sum(Turned(problem.Arriving), Turned(pairs.First), Turned(pairs.Second));
        TensorAssert.Same(wanted.First, got.First);
        TensorAssert.Same(wanted.Second, got.Second);
    }

    [Fact]
    public void Sum_LeavesTwoTensors()
    {
        using var scope = NewDisposeScope();
        var (problem, pairs) = Problem(6, 5, 7, areWhole: false);
        using var blocks = new RankBlocks(7, CPU);
        var before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        blocks.Sum(problem.Arriving, pairs.First, pairs.Second);
        Assert.Equal(before + 2, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static Tensor Turned(Tensor tensor) => tensor.transpose(0, 2).contiguous().transpose(0, 2);

    private static (PairProblem Problem, BestPairs Pairs) Problem(int tokens, int heads, int count, bool areWhole)
    {
        var problem = new PairProblem(tokens, heads, count, areWhole);
        using var ranks = new PairRanks(count, CPU);
        return (problem, ranks.Best(problem.First, problem.Second));
    }
}
