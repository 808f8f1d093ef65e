namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class CudaTileTests
{
    private const int Plenty = 160 * 1024;

    [Theory]
    [InlineData(32768, 16, true, "bf16_128")]
    [InlineData(32768, 256, true, "bf16_128")]
    [InlineData(4096, 64, true, "bf16_64")]
    [InlineData(512, 64, true, "bf16_16")]
    [InlineData(1, 16, true, "bf16_16")]
    [InlineData(32768, 16, false, "float_64")]
    [InlineData(8, 16, false, "float_16")]
    public void ForTokens_GivenTokensPerExpert_TakesTilesThatTheyFill(int tokens, int experts, bool bfloat16, string expected) =>
        Assert.Equal(expected, CudaTile.ForTokens(new(tokens, 512, experts, 128, 4, bfloat16), Plenty).Suffix);

    [Theory]
    [InlineData(128, true, "bf16_128")]
    [InlineData(64, true, "bf16_64")]
    [InlineData(16, true, "bf16_16")]
    [InlineData(512, true, "bf16_128")]
    [InlineData(128, false, "float_64")]
    public void ForNeurons_GivenAnExpertSize_TakesTilesThatItFills(int expertSize, bool bfloat16, string expected) =>
        Assert.Equal(expected, CudaTile.ForNeurons(new(4096, 512, 16, expertSize, 4, bfloat16), Plenty).Suffix);

    [Fact]
    public void ForTokens_WhereSharedMemoryIsShort_TakesASmallerTile() =>
        Assert.Equal("bf16_64", CudaTile.ForTokens(new(32768, 512, 16, 128, 4, true), 48 * 1024).Suffix);

    [Theory]
    [InlineData(32768, 16, 64, 132, 5)]     // 264 blocks are wanted, 64 are there
    [InlineData(32768, 16, 512, 132, 1)]    // enough blocks without a split
    [InlineData(512, 16, 64, 132, 1)]       // too few tokens
    [InlineData(32768, 1, 8, 132, 16)]      // never more than 16
    public void Parts_GivenBlocks_FillTheDeviceTwice(int tokens, int experts, long blocks, int multiprocessors, int expected) =>
        Assert.Equal(expected, CudaTile.Parts(new(tokens, 512, experts, 128, 4, true), blocks, multiprocessors));

    [Theory]
    [InlineData(1, 4, true)]
    [InlineData(1 << 29, 4, false)]
    public void Fits_GivenSlots_IsFalseWhereTheyPass32Bits(int tokens, int active, bool expected) =>
        Assert.Equal(expected, new ExpertSizes(tokens, 512, 16, 128, active, true).Fits);

    [Theory]
    [InlineData(32768, 512, 4, true, 50 << 20, 50)]    // 50 · 128 tokens · 4 KiB are half of 50 MiB
    [InlineData(32768, 512, 4, false, 50 << 20, 25)]
    [InlineData(300, 512, 4, true, 50 << 20, 3)]       // no more than there are
    [InlineData(32768, 512, 4, true, 0, 1)]
    public void ChunkBlocks_GivenACache_FillHalfOfIt(int tokens, int modelSize, int active, bool bfloat16, int cache, int expected) =>
        Assert.Equal(expected, new ExpertSizes(tokens, modelSize, 16, 128, active, bfloat16).ChunkBlocks(cache));

    [Theory]
    [InlineData(412, true, 416)]
    [InlineData(512, true, 512)]
    [InlineData(1, true, 8)]
    [InlineData(413, false, 413)]
    public void Stride_OfBFloat16_IsAMultipleOfEight(int modelSize, bool bfloat16, int expected) =>
        Assert.Equal(expected, new ExpertSizes(1, modelSize, 1, 1, 1, bfloat16).Stride);
}
