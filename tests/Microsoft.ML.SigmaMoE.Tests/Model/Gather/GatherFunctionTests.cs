using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class GatherFunctionTests
{
    [Theory]
    [InlineData(ScalarType.Float32, 5e-6)]
    [InlineData(ScalarType.BFloat16, 1e-2)]
    public void Apply_OfLeaves_GivesBothGradients(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        var problem = new GatherProblem(40, 6, 9, 104, Choosing.Repeatedly);
        foreach (var (wanted, actual) in problem.Truth().Zip(Differentiate(problem, type)))
        {
            TensorAssert.Close(wanted, actual, tolerance);
        }
    }

    [Fact]
    public void Apply_WhereKernelsAreAtHand_LaunchesThemForwardAndBackward()
    {
        using var emulated = new OnEmulatedKernels();
        using var scope = NewDisposeScope();
        var problem = new GatherProblem(40, 6, 9, 104, Choosing.Random);
        foreach (var (wanted, actual) in problem.Truth().Zip(Differentiate(problem, ScalarType.Float32)))
        {
            TensorAssert.Close(wanted, actual, 5e-6);
        }

        Assert.Equal(["gather_sum_float", "gather_dots_float", "scatter_sum"], emulated.Driver.Launches);
    }

    [Fact]
    public void Apply_WithoutAGradient_RecordsNone()
    {
        using var scope = NewDisposeScope();
        var problem = new GatherProblem(4, 3, 9, 20, Choosing.Random);
        var wanted = problem.Truth()[0];
        using var quiet = no_grad();
        var sum = GatherFunction.Apply(
            new(ScalarType.Float32), problem.Weights, problem.Values.requires_grad_(), problem.Chosen);
        Assert.False(sum.requires_grad);
        TensorAssert.Close(wanted, sum, 5e-6);
    }

    [Fact]
    public void Apply_OutsideAnyScope_GivesBothGradients()
    {
        var problem = new GatherProblem(40, 6, 9, 104, Choosing.Random);
        var wanted = problem.Truth();
        TensorAssert.Close(wanted[2], Differentiate(problem, ScalarType.Float32)[2], 5e-6);
    }

    [Fact]
    public void Apply_CalledAgain_LeavesNoTensors()
    {
        using var scope = NewDisposeScope();
        var problem = new GatherProblem(40, 6, 9, 104, Choosing.Random);
        void Run()
        {
            using var inner = NewDisposeScope();
            Differentiate(problem, ScalarType.BFloat16);
        }

        Run();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Run();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static Tensor[] Differentiate(GatherProblem problem, ScalarType type)
    {
        var (weights, values) = (problem.Weights.detach().requires_grad_(), problem.Values.detach().requires_grad_());
        var sum = GatherFunction.Apply(new(type), weights, values, problem.Chosen);
        (sum * problem.Gradient).sum().backward();
        return [sum.detach(), weights.grad!, values.grad!];
    }
}
