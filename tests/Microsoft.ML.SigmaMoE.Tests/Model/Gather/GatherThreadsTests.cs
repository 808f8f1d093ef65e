using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Changes how many threads libtorch uses, which is the process's.</summary>
[Collection(Alone.Name)]
public sealed class GatherThreadsTests
{
    [Fact]
    public void SumAndGradients_OnAnyNumberOfThreads_GiveTheSameBits()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var problem = new GatherProblem(301, 24, 130, 100, Choosing.Random);
        var inputs = problem.Inputs(ScalarType.Float32);
        Assert.SkipUnless(CpuGatherBackend.Takes(inputs), "This processor has no such vectors.");
        var threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var one = Run(problem, inputs);
            set_num_threads(5);
            Assert.All(one.Zip(Run(problem, inputs)), pair => TensorAssert.Same(pair.First, pair.Second));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    private static Tensor[] Run(GatherProblem problem, GatherInputs inputs)
    {
        var backend = new CpuGatherBackend();
        return [backend.Sum(inputs), backend.ByWeights(problem.Gradient, inputs), backend.ByValues(problem.Gradient, inputs)];
    }
}
