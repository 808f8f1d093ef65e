using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class MemoryExhaustionTests
{
    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.11 GiB", true)]
    [InlineData("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried", true)]
    [InlineData("[enforce fail at alloc_cpu.cpp:81] data. DefaultCPUAllocator: not enough memory: you tried", true)]
    [InlineData("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)", false)]
    [InlineData("CUDA error: an illegal memory access was encountered", false)]
    public void Explains_AFaultOfLibtorch_ReadsItsWords(string message, bool expected)
    {
        Assert.Equal(expected, MemoryExhaustion.Explains(new LibtorchException(message)));
        Assert.False(MemoryExhaustion.Explains(new InvalidOperationException(message)));
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(700, false)]
    public void Explains_AFaultOfTheDriver_ReadsItsCode(int code, bool expected) =>
        Assert.Equal(expected, MemoryExhaustion.Explains(new CudaException("cuLaunchKernel", code, "", "")));

    [Fact]
    public void Explains_WhatTheRuntimeThrows_IsTrue() =>
        Assert.True(MemoryExhaustion.Explains(new InsufficientMemoryException()));

    [Fact]
    public void Explains_WhatLibtorchThrowsWhereThereIsNoMemory_IsTrue()
    {
        using var one = ones(1);
        using var much = one.expand(1L << 50);
        Assert.True(MemoryExhaustion.Explains(Assert.ThrowsAny<Exception>(() => empty(1L << 50))));
        Assert.True(MemoryExhaustion.Explains(Assert.ThrowsAny<Exception>(() => much.exp())));
    }

    private sealed class LibtorchException(string message) : ExternalException(message);
}
