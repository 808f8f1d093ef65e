using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Every backend against sums in float64, with both gradients, over ugly sizes.</summary>
public sealed class GatherBackendTests
{
    /// <summary>Gets (backend, number type, tokens, J, values, width, choosing).</summary>
    public static TheoryData<string, ScalarType, int, int, int, int, Choosing> Problems
    {
        get
        {
            var data = new TheoryData<string, ScalarType, int, int, int, int, Choosing>();
            foreach (var backend in (string[])["libtorch", "this processor's", "CUDA"])
            {
                foreach (var type in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16])
                {
                    data.Add(backend, type, 1, 1, 1, 1, Choosing.Random);
                    data.Add(backend, type, 1, 1, 5, 513, Choosing.Random);
                    data.Add(backend, type, 1, 9, 3, 7, Choosing.Random);
                    data.Add(backend, type, 2, 3, 300, 16, Choosing.Random);
                    data.Add(backend, type, 3, 4, 1, 20, Choosing.Random);
                    data.Add(backend, type, 33, 2, 7, 17, Choosing.TheLast);
                    data.Add(backend, type, 40, 6, 9, 104, Choosing.Repeatedly);
                    data.Add(backend, type, 70, 5, 64, 230, Choosing.Random);
                    data.Add(backend, type, 100, 8, 11, 513, Choosing.Repeatedly);
                    data.Add(backend, type, 129, 3, 1000, 100, Choosing.Random);
                    data.Add(backend, type, 300, 12, 70, 31, Choosing.Random);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Problems))]
    public void SumAndGradients_GivenAnyProblem_EqualTheTruth(
        string name, ScalarType type, int tokens, int choices, int values, int width, Choosing choosing)
    {
        using var scope = NewDisposeScope();
        var problem = new GatherProblem(tokens, choices, values, width, choosing);
        var wanted = problem.Truth();
        using var quiet = no_grad();
        var actual = Run(Backend(name, problem.Inputs(type)), problem, type);
        // bfloat16 keeps eight bits, float16 eleven
        var tolerance = type switch { ScalarType.Float32 => 5e-6, ScalarType.Float16 => 2e-3, _ => 1e-2 };
        TensorAssert.Close(wanted[0], actual[0], tolerance, "sum");
        TensorAssert.Close(wanted[1], actual[1], tolerance, "gradient by weights");
        TensorAssert.Close(wanted[2], actual[2], tolerance, "gradient by values");
        Assert.All(actual, result => Assert.Equal(ScalarType.Float32, result.dtype));
    }

    // what is left is the order of additions in float32
    [Theory]
    [InlineData("this processor's", ScalarType.BFloat16)]
    [InlineData("CUDA", ScalarType.BFloat16)]
    [InlineData("CUDA", ScalarType.Float16)]
    public void Sum_InSixteenBits_RoundsValuesAlone(string name, ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var problem = new GatherProblem(50, 20, 30, 100, Choosing.Random);
        var rounded = problem.Inputs(type);
        var wanted = new TorchGatherBackend().Sum(rounded with { Values = rounded.Values.to(ScalarType.Float32) });
        TensorAssert.Close(wanted, Backend(name, rounded).Sum(rounded), 2e-6);
    }

    [Theory]
    [InlineData("libtorch", ScalarType.Float32)]
    [InlineData("libtorch", ScalarType.Float16)]
    [InlineData("this processor's", ScalarType.Float32)]
    [InlineData("this processor's", ScalarType.BFloat16)]
    public void SumAndGradients_LeaveOneTensorEach(string name, ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var problem = new GatherProblem(30, 4, 9, 20, Choosing.Random);
        var (inputs, gradient) = (problem.Inputs(type), problem.Gradient);
        var backend = Backend(name, inputs);
        Func<Tensor>[] calls = [() => backend.Sum(inputs), () => backend.ByWeights(gradient, inputs), () => backend.ByValues(gradient, inputs)];
        foreach (var call in calls)
        {
            var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            call();
            Assert.Equal(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
    }

    [Theory]
    [InlineData("this processor's", ScalarType.Float32)]
    [InlineData("this processor's", ScalarType.BFloat16)]
    [InlineData("CUDA", ScalarType.Float32)]
    [InlineData("CUDA", ScalarType.Float16)]
    public void SumAndGradients_Twice_GiveTheSameBits(string name, ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var problem = new GatherProblem(301, 24, 130, 100, Choosing.Repeatedly);
        var backend = Backend(name, problem.Inputs(type));
        var first = Run(backend, problem, type);
        Assert.All(first.Zip(Run(backend, problem, type)), pair => TensorAssert.Same(pair.First, pair.Second));
    }

    [Theory]
    [InlineData("this processor's")]
    [InlineData("CUDA")]
    public void SumAndGradients_OfTensorsThatAreNotDense_AreTheSame(string name)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var problem = new GatherProblem(21, 6, 13, 40, Choosing.Random);
        var inputs = problem.Inputs(ScalarType.Float32);
        var odd = new GatherInputs(Turned(inputs.Weights), Turned(inputs.Values), Turned(inputs.Chosen));
        var backend = Backend(name, inputs);
        TensorAssert.Same(backend.Sum(inputs), backend.Sum(odd));
        TensorAssert.Same(
            backend.ByWeights(problem.Gradient, inputs), backend.ByWeights(Turned(problem.Gradient), odd));
        TensorAssert.Same(backend.ByValues(problem.Gradient, inputs), backend.ByValues(Turned(problem.Gradient), odd));
    }

    [Theory]
    [InlineData(ScalarType.Float32, 512, true)]
    [InlineData(ScalarType.BFloat16, 16, true)]
    [InlineData(ScalarType.Float32, 7, false)]                               // narrower than any register
    [InlineData(ScalarType.Float64, 512, false)]
    public void For_OnTheProcessor_TakesVectorsWhereRowsFillThem(ScalarType type, int width, bool expected)
    {
        using var scope = NewDisposeScope();
        var inputs = new GatherProblem(2, 2, 3, width, Choosing.Random).Inputs(type);
        Assert.Equal(expected && Processor.HasRegisterTiles, GatherBackends.For(inputs) is CpuGatherBackend);
    }

    [Theory]
    [InlineData(80, ScalarType.BFloat16, true)]
    [InlineData(70, ScalarType.BFloat16, true)]
    [InlineData(70, ScalarType.Float16, true)]
    [InlineData(61, ScalarType.Float16, false)]
    [InlineData(61, ScalarType.Float32, false)]
    [InlineData(90, ScalarType.Float64, false)]
    public void Takes_GivenADevice_AsksWhatItsKernelsNeed(int capability, ScalarType type, bool expected)
    {
        using var scope = NewDisposeScope();
        using var device = CudaDevice.Open(new FakeDriver { Capability = capability }, 0);
        Assert.Equal(
            expected, CudaGatherBackend.Takes(device, new GatherProblem(2, 2, 3, 8, Choosing.Random).Inputs(type)));
    }

    [Fact]
    public void Launches_OfAllThree_NeverWaitForTheDevice()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var driver = new FakeDriver();
        var problem = new GatherProblem(9, 3, 5, 8, Choosing.Random);
        Run(new CudaGatherBackend(EmulatedKernels.On(driver)), problem, ScalarType.BFloat16);
        Assert.Equal(
            ["gather_sum_bf16", "gather_dots_bf16", "scatter_sum"], driver.Launches.Select(launch => launch.Kernel));
        Assert.Equal(3, driver.Calls.Count(call => call == "CtxSetCurrent 7"));
        Assert.DoesNotContain(
            driver.Calls, call => call is "CtxSynchronize" || call.StartsWith("Memcpy", StringComparison.Ordinal));
    }

    private static Tensor Turned(Tensor tensor) => tensor.t().contiguous().t();

    private static IGatherBackend Backend(string name, in GatherInputs inputs)
    {
        Assert.SkipUnless(name != "CUDA" || EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        return name switch
        {
            "libtorch" => new TorchGatherBackend(),
            "CUDA" => new CudaGatherBackend(EmulatedKernels.On(EmulatedKernels.Driver())),
            _ => GatherBackends.For(inputs),
        };
    }

    private static Tensor[] Run(IGatherBackend backend, GatherProblem problem, ScalarType type)
    {
        var inputs = problem.Inputs(type);
        return [backend.Sum(inputs), backend.ByWeights(problem.Gradient, inputs), backend.ByValues(problem.Gradient, inputs)];
    }
}
