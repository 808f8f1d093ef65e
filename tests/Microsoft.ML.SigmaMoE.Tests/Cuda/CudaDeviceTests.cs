namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class CudaDeviceTests
{
    [Fact]
    public void Open_GivenADriver_InitialisesItThenTakesThePrimaryContext()
    {
        var driver = new FakeDriver();
        using var device = CudaDevice.Open(driver, 1);
        Assert.Equal("Init", driver.Calls[0]);
        Assert.Equal("DeviceGet 1", driver.Calls[1]);
        Assert.Equal("DevicePrimaryCtxRetain 41", driver.Calls[^1]);
        Assert.Equal(
            ("Fake 1", 80, 108, 99 * 1024),
            (device.Name, device.Capability, device.Multiprocessors, device.SharedBytes));
    }

    [Fact]
    public void MakeCurrent_MakesThePrimaryContextCurrent()
    {
        var driver = new FakeDriver();
        using var device = CudaDevice.Open(driver, 0);
        device.MakeCurrent();
        Assert.Equal("CtxSetCurrent 7", driver.Calls[^1]);
    }

    [Fact]
    public void Dispose_CalledTwice_ReleasesOnce()
    {
        var driver = new FakeDriver();
        var device = CudaDevice.Open(driver, 0);
        device.Dispose();
        device.Dispose();
        Assert.Single(driver.Calls, call => call == "DevicePrimaryCtxRelease 40");
    }

    [Theory]
    [InlineData("Init", "cuInit")]
    [InlineData("DeviceGet", "cuDeviceGet")]
    [InlineData("DeviceGetName", "cuDeviceGetName")]
    [InlineData("DeviceGetAttribute", "cuDeviceGetAttribute")]
    [InlineData("DevicePrimaryCtxRetain", "cuDevicePrimaryCtxRetain")]
    public void Open_WhenACallFails_NamesItAndWhatCudaSays(string failing, string call)
    {
        var fault = Assert.Throws<CudaException>(() => CudaDevice.Open(new FakeDriver { Failing = failing }, 0));
        Assert.Equal((call, 999), (fault.Call, fault.Code));
        Assert.Equal($"{call} failed with CUDA_ERROR_999 (999): it was told to fail.", fault.Message);
    }

    [Theory]
    [InlineData("CtxSetCurrent", "cuCtxSetCurrent")]
    [InlineData("CtxSynchronize", "cuCtxSynchronize")]
    [InlineData("DevicePrimaryCtxRelease", "cuDevicePrimaryCtxRelease")]
    public void Use_WhenACallFails_NamesIt(string failing, string call)
    {
        var device = CudaDevice.Open(new FakeDriver { Failing = failing }, 0);
        var fault = Assert.Throws<CudaException>(() =>
        {
            device.MakeCurrent();
            device.Synchronize();
            device.Dispose();
        });
        Assert.Equal(call, fault.Call);
    }

    [Fact]
    public void IsInstalled_IsTrueExactlyWhereTheLibraryLoads() => Assert.Equal(
        System.Runtime.InteropServices.NativeLibrary.TryLoad("libcuda.so.1", out _), CudaDriver.IsInstalled);
}
