namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class CudaKernelTests
{
    private readonly FakeDriver _driver = new();

    [Fact]
    public void Launch_GivenArguments_HandsThemOverInOrderAndSize()
    {
        Find("add").Launch(3, 128, 0, (nint)0x7FFF1234, 7, 5_000_000_000L, 1.5f);
        var launch = Assert.Single(_driver.Launches);
        Assert.Equal(("add", 3u, 128u, 0u), (launch.Kernel, launch.Blocks, launch.Threads, launch.SharedBytes));
        Assert.Equal([0x7FFF1234, 7, 5_000_000_000L, BitConverter.SingleToInt32Bits(1.5f)], launch.Arguments);
    }

    [Fact]
    public void Arguments_HaveTheSizesThatKernelsRead()
    {
        KernelArgument[] arguments = [(nint)1, 1, 1L, 1f];
        Assert.Equal([8, 4, 8, 4], arguments.Select(argument => argument.Size));
    }

    [Fact]
    public void Launches_OfADevice_AreThoseThatTheDriverTook()
    {
        using var device = CudaDevice.Open(_driver, 0);
        var kernel = new CudaModule(device, "some", [1, 2])["add"];
        kernel.Launch(1, 32, 0);
        kernel.Launch(0, 32, 0);
        kernel.Launch(1, 32, 0);
        Assert.Equal(2, device.Launches);
        _driver.Failing = "LaunchKernel";
        Assert.Throws<CudaException>(() => kernel.Launch(1, 32, 0));
        Assert.Equal(2, device.Launches);
    }

    [Fact]
    public void Launch_OfNoBlocks_AsksNothing()
    {
        Find("add").Launch(0, 128, 0);
        Assert.Empty(_driver.Launches);
    }

    [Fact]
    public void Launch_OfMoreBlocksThanAGridHas_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Find("add").Launch(1L << 31, 128, 0));

    [Fact]
    public void Launch_WithMuchSharedMemory_AsksForItOnce()
    {
        var kernel = Find("add");
        kernel.Launch(1, 32, 48 * 1024);
        Assert.DoesNotContain(_driver.Calls, call => call.StartsWith("FuncSet", StringComparison.Ordinal));
        kernel.Launch(1, 32, 64_000);
        kernel.Launch(1, 32, 64_000);
        Assert.Single(_driver.Calls, call => call == "FuncSetMaxDynamicSharedMemory add 64000");
        var asked = _driver.Calls.FindIndex(call => call.StartsWith("FuncSet", StringComparison.Ordinal));
        Assert.Equal("LaunchKernel add", _driver.Calls[asked + 1]);
    }

    [Theory]
    [InlineData("LaunchKernel", "cuLaunchKernel")]
    [InlineData("FuncSetMaxDynamicSharedMemory", "cuFuncSetAttribute")]
    [InlineData("ModuleGetFunction", "cuModuleGetFunction")]
    public void Launch_WhenACallFails_NamesTheKernel(string failing, string call)
    {
        _driver.Failing = failing;
        var fault = Assert.Throws<CudaException>(() => Find("add").Launch(1, 32, 64_000));
        Assert.Equal((call, "add"), (fault.Call, fault.Kernel));
        Assert.Contains($"{call} for add failed", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Module_ThatTheDriverRefuses_ShowsItsLog()
    {
        _driver.Failing = "ModuleLoadData";
        var fault = Assert.Throws<CudaException>(() => Find("add"));
        Assert.Equal("ptxas says no", fault.Log);
        Assert.EndsWith("ptxas says no", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Module_AskedTwiceForAKernel_FindsItOnce()
    {
        var module = new CudaModule(CudaDevice.Open(_driver, 0), "some", [1, 2]);
        Assert.Same(module["add"], module["add"]);
    }

    private CudaKernel Find(string name) => new CudaModule(CudaDevice.Open(_driver, 0), "some", [1, 2])[name];
}
