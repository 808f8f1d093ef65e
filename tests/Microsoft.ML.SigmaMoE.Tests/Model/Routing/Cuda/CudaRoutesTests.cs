using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>What the host asks of the driver when a router's kernel runs.</summary>
public sealed class CudaRoutesTests : IDisposable
{
    private readonly FakeDriver _driver = new();
    private readonly TorchSharp.DisposeScope _scope = NewDisposeScope();
    private readonly Tensor _logits = randn(300, 5);                         // three blocks of tokens

    [Fact]
    public void Forward_MakesTheDeviceCurrentLaunchesOnceAndWaitsForNothing()
    {
        var drawn = rand(300, 5);
        var route = Routes().Forward(_logits, drawn, 0.25);
        var launch = Assert.Single(_driver.Launches);
        Assert.Equal(
            ("route_sigmoid", 3u, 512u, 128u * 2 * 4),
            (launch.Kernel, launch.Blocks, launch.Threads, launch.SharedBytes));
        Assert.Equal(
            [
                Address(_logits), 0, Address(drawn), BitConverter.SingleToInt32Bits(0.25f), 300, 5, 2,
                Address(route.Experts), Address(route.Counted.Chosen), Address(route.Weights),
                Address(route.Counted.Counts),
            ],
            launch.Arguments);
        Assert.True(_driver.Calls.IndexOf("CtxSetCurrent 7") < _driver.Calls.IndexOf("LaunchKernel route_sigmoid"));
        Assert.DoesNotContain(
            _driver.Calls, call => call is "CtxSynchronize" || call.StartsWith("Memcpy", StringComparison.Ordinal));
        Assert.Equal(("[300, 2] Int64", "[300, 2] Float32"), (Form(route.Experts), Form(route.Weights)));
        Assert.Equal(("[300, 2] Int32", "[3, 5] Int32"), (Form(route.Counted.Chosen), Form(route.Counted.Counts)));
    }

    [Fact]
    public void Forward_DroppingNothing_PassesNoDrawnNumbers()
    {
        Routes().Forward(_logits, null, 0.25);
        Assert.Equal(0, _driver.Launches[0].Arguments[2]);
    }

    [Fact]
    public void Forward_GivenScores_PassesThem()
    {
        var scores = rand(300, 5);
        Routes().Forward(_logits, null, 0.25, scores);
        Assert.Equal(Address(scores), _driver.Launches[0].Arguments[1]);
    }

    [Fact]
    public void Backward_MakesTheDeviceCurrentAndLaunchesOnce()
    {
        var (gradient, weights, chosen) = (randn(300, 2), rand(300, 2), zeros(300, 2, dtype: ScalarType.Int32));
        var byLogits = Routes().Backward(gradient, _logits, weights, chosen);
        var launch = Assert.Single(_driver.Launches);
        Assert.Equal(("route_gradient_sigmoid", 38u, 256u), (launch.Kernel, launch.Blocks, launch.Threads));
        Assert.Equal(
            [Address(_logits), Address(chosen), Address(weights), Address(gradient), Address(byLogits), 300, 5, 2],
            launch.Arguments);
        Assert.Contains("CtxSetCurrent 7", _driver.Calls);
    }

    [Theory]
    [InlineData("CtxSetCurrent", "cuCtxSetCurrent")]
    [InlineData("ModuleLoadData", "cuModuleLoadDataEx")]
    [InlineData("ModuleGetFunction", "cuModuleGetFunction")]
    [InlineData("LaunchKernel", "cuLaunchKernel")]
    public void Forward_WhenACallFails_NamesIt(string failing, string call)
    {
        _driver.Failing = failing;
        Assert.Equal(call, Assert.Throws<CudaException>(() => Routes().Forward(_logits, null, 0)).Call);
    }

    [Theory]
    [InlineData(70, 2, ScalarType.Float32, true)]
    [InlineData(61, 2, ScalarType.Float32, false)]
    [InlineData(80, 2, ScalarType.BFloat16, false)]
    [InlineData(80, 199, ScalarType.Float32, false)]   // 99 KiB of shared memory hold 198 choices of 128 tokens
    public void Takes_GivenADevice_AsksWhatItsKernelNeeds(int capability, int active, ScalarType type, bool expected)
    {
        _driver.Capability = capability;
        using var device = CudaDevice.Open(_driver, 0);
        Assert.Equal(expected, CudaRoutes.Takes(device, _logits.to(type), active));
    }

    [Fact]
    public void TryCreate_OnTheProcessor_GivesNone() =>
        Assert.Null(CudaRoutes.TryCreate(RouteFormula.Sigmoid, _logits, 2));

    public void Dispose() => _scope.Dispose();

    private CudaRoutes Routes() => new(EmulatedKernels.On(_driver), RouteFormula.Sigmoid, 2);

    private static long Address(Tensor tensor) => TorchDeviceMemory.AddressInPlace(tensor);

    private static string Form(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}] {tensor.dtype}";
}
