using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Looks at the whole process's memory, so nothing runs beside it.</summary>
[Collection(Alone.Name)]
public sealed class GatherMemoryTests
{
    // All gathered rows would be 256 MB, and libtorch's operations hold them more than once.
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Apply_ToManyChoices_TakesBoundedMemory(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var problem = new GatherProblem(2048, 64, 500, 512, Choosing.Random);
        Assert.SkipUnless(CpuGatherBackend.Takes(problem.Inputs(type)), "This processor has no such vectors.");
        void Run()
        {
            using var inner = NewDisposeScope();
            var (weights, values) =
                (problem.Weights.detach().requires_grad_(), problem.Values.detach().requires_grad_());
            GatherFunction.Apply(new(type), weights, values, problem.Chosen).sum().backward();
        }

        Run();
        Assert.SkipUnless(ResidentMemory.PeakOf(() => { }) is not null, "This system does not tell.");
        Assert.InRange(ResidentMemory.PeakOf(Run)!.Value >> 20, 0, 32);
    }
}
