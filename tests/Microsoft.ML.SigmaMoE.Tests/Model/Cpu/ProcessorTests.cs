namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ProcessorTests
{
    [Theory]
    [InlineData("AVX2")]
    [InlineData("avx512_core")]
    [InlineData("AVX512_CORE_VNNI")]
    public void ForbidsBFloat16_OfOlderInstructions_IsTrue(string limit) =>
        Assert.True(Processor.ForbidsBFloat16(limit));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("DEFAULT")]
    [InlineData("AVX512_CORE_BF16")]
    [InlineData("AVX512_CORE_AMX")]
    [InlineData("AVX10_1_512")]
    [InlineData("no instructions")]
    public void ForbidsBFloat16_OfNewerOnesOrNone_IsFalse(string? limit) =>
        Assert.False(Processor.ForbidsBFloat16(limit));

    [Theory]
    [InlineData("AVX2", true)]
    [InlineData("avx512_core_bf16", true)]
    [InlineData("AVX512_CORE_FP16", true)]
    [InlineData("AVX10_1_512", true)]
    [InlineData("AVX512_CORE_AMX", false)]
    [InlineData("AVX10_1_512_AMX_FP16", false)]
    [InlineData("DEFAULT", false)]
    [InlineData(null, false)]
    public void ForbidsMatrixUnits_OfALimitBelowThem_IsTrue(string? limit, bool forbids) =>
        Assert.Equal(forbids, Processor.ForbidsMatrixUnits(limit));

    [Theory]
    [InlineData(true, "processor\t: 0", "flags\t\t: fpu avx512_bf16 amx_bf16 amx_tile", "processor\t: 1", "flags\t\t: fpu")]
    [InlineData(false, "processor\t: 0", "flags\t\t: fpu avx512_bf16")]
    [InlineData(false, "flags\t\t: fpu amx_bf16_not")]
    [InlineData(false, "model name\t: amx_bf16")]
    public void ListsMatrixUnits_OfWhatLinuxTells_IsWhetherTheFlagIsThere(bool expected, params string[] lines) =>
        Assert.Equal(expected, Processor.ListsMatrixUnits(lines));

    [Fact]
    public void PrefersBFloat16_WithMatrixUnits_IsTrueAndWithoutBFloat16IsFalse()
    {
        Assert.True(!Processor.HasMatrixUnits || Processor.PrefersBFloat16);
        Assert.True(Processor.HasBFloat16 || !Processor.PrefersBFloat16);
    }
}
