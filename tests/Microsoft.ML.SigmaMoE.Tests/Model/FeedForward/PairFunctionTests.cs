using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class PairFunctionTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(9, 3, 2)]
    [InlineData(40, 2, 7)]
    [InlineData(30, 4, 32)]
    [InlineData(5, 2, 130)]
    public void Apply_OfAnyScores_GivesTheBestPairsAndBothGradients(int tokens, int heads, int count)
    {
        using var scope = NewDisposeScope();
        using var ranks = new PairRanks(count, CPU);
        var problem = new PairProblem(tokens, heads, count);
        var pairs = default(BestPairs);
        var got = problem.Differentiate((first, second) => (pairs = PairFunction.Apply(first, second, ranks)).Sums);
        var all = (problem.First.unsqueeze(-1) + problem.Second.unsqueeze(-2)).flatten(2);   // [tokens, heads, count²]
        TensorAssert.Same(all.topk(count).values, got[0].sort(-1, descending: true).Values);
        var wanted = problem.Truth(pairs);
        Assert.All(wanted.Zip(got), pair => TensorAssert.Same(pair.First, pair.Second));
    }

    [Fact]
    public void Apply_WithoutAGradient_RecordsNone()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using var ranks = new PairRanks(4, CPU);
        var problem = new PairProblem(3, 2, 4);
        var pairs = PairFunction.Apply(problem.First.requires_grad_(), problem.Second, ranks);
        Assert.False(pairs.Sums.requires_grad);
        TensorAssert.Same(problem.First.gather(-1, pairs.First) + problem.Second.gather(-1, pairs.Second), pairs.Sums);
    }

    [Fact]
    public void Apply_CalledAgain_LeavesNoTensors()
    {
        using var scope = NewDisposeScope();
        using var ranks = new PairRanks(4, CPU);
        var problem = new PairProblem(3, 2, 4);
        void Run()
        {
            using var inner = NewDisposeScope();
            problem.Differentiate((first, second) => PairFunction.Apply(first, second, ranks).Sums);
        }

        Run();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Run();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }
}
