namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ProcessorTests
{
    [Theory]
    [InlineData("AVX2")]
    [InlineData("avx512_core")]
    [InlineData("AVX512_CORE_VNNI")]
    public void ForbidsBFloat16_OfOlderInstructions_IsTrue(string limit) => Assert.True(Processor.ForbidsBFloat16(limit));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("DEFAULT")]
    [InlineData("AVX512_CORE_BF16")]
    [InlineData("AVX512_CORE_AMX")]
    [InlineData("AVX10_1_512")]
    [InlineData("no instructions")]
    public void ForbidsBFloat16_OfNewerOnesOrNone_IsFalse(string? limit) => Assert.False(Processor.ForbidsBFloat16(limit));
}
