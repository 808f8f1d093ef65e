using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class FaultsTests
{
    [Fact]
    public void UserMessage_OfAnArgument_IsOneLineWithoutItsName() => Assert.Equal(
        "Steps is 0; it must be at least 1.",
        Faults.UserMessage(new ArgumentOutOfRangeException("Steps", 0, "Steps is 0; it must be at least 1.")));

    [Theory]
    [InlineData(typeof(NullReferenceException))]
    [InlineData(typeof(IndexOutOfRangeException))]
    [InlineData(typeof(KeyNotFoundException))]
    [InlineData(typeof(ObjectDisposedException))]
    public void UserMessage_OfAFaultOfOurs_IsNull(Type type) => Assert.Null(Faults.UserMessage(
        type == typeof(ObjectDisposedException) ? new ObjectDisposedException("x") : (Exception)Activator.CreateInstance(type)!));

    [Theory]
    [InlineData("[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes.\n   at X")]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB")]
    public void UserMessage_WhereMemoryRanOut_SaysWhatHelps(string message)
    {
        var told = Faults.UserMessage(new NativeFault(message));
        Assert.Contains("smaller batch", told, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', told!);
    }

    [Fact]
    public void UserMessage_OfAnotherNativeFault_IsNull() =>
        Assert.Null(Faults.UserMessage(new NativeFault("size mismatch")));

    private sealed class NativeFault(string message) : ExternalException(message);
}
