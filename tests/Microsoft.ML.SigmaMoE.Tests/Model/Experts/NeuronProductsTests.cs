using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class NeuronProductsTests
{
    [Theory]
    [InlineData(80, 16, 512, false)]     // one text
    [InlineData(4096, 16, 512, false)]   // 256 tokens an expert
    [InlineData(16384, 16, 512, true)]   // a training batch
    [InlineData(4096, 16, 128, true)]
    [InlineData(16384, 512, 412, false)]
    [InlineData(1, 1, 1, true)]
    [InlineData(int.MaxValue, 1, 512, true)]
    [InlineData(1, int.MaxValue, int.MaxValue, false)]
    public void Turns_DependsOnHowManyTokensShareAnExpert(int slots, int experts, int modelSize, bool expected) =>
        Assert.Equal(expected, NeuronProducts<Lanes512, Vector512<float>>.Turns(slots, experts, modelSize));

    [Fact]
    public void ExpertBackendTests_CoverBothWays()
    {
        var ways = ExpertBackendTests.Problems
            .Select(row => row.Data)
            .Where(problem => problem.Item1.StartsWith("fused float32", StringComparison.Ordinal))
            .Select(problem => NeuronProducts<Lanes512, Vector512<float>>.Turns(
                problem.Item2 * problem.Item6, problem.Item4, problem.Item3))
            .ToArray();
        Assert.True(ways.Count(turns => turns) > 4);
        Assert.True(ways.Count(turns => !turns) > 4);
    }
}
