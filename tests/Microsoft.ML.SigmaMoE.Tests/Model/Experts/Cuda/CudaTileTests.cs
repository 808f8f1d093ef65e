using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class CudaTileTests
{
    private const int Plenty = 160 * 1024;

    [Theory]
    [InlineData(32768, 16, "bf16", "bf16_128")]
    [InlineData(32768, 256, "bf16", "bf16_128")]
    [InlineData(4096, 64, "bf16", "bf16_64")]
    [InlineData(512, 64, "bf16", "bf16_16")]
    [InlineData(1, 16, "bf16", "bf16_16")]
    [InlineData(32768, 16, "f16", "f16_128")]
    [InlineData(512, 64, "f16_flat", "f16_flat_16")]
    [InlineData(32768, 16, "float", "float_64")]
    [InlineData(8, 16, "float", "float_16")]
    [InlineData(32768, 16, "tf32", "tf32_128")]
    [InlineData(512, 64, "tf32", "tf32_16")]
    public void ForTokens_GivenTokensPerExpert_TakesTilesThatTheyFill(
        int tokens, int experts, string numbers, string expected) =>
        Assert.Equal(expected, CudaTile.ForTokens(new(tokens, 512, experts, 128, 4, Named(numbers)), Plenty).Suffix);

    [Theory]
    [InlineData(128, "bf16", "bf16_128")]
    [InlineData(64, "bf16", "bf16_64")]
    [InlineData(16, "bf16", "bf16_16")]
    [InlineData(512, "bf16", "bf16_128")]
    [InlineData(128, "float", "float_64")]
    [InlineData(64, "f16", "f16_64")]
    [InlineData(128, "f16_flat", "f16_flat_64")]
    [InlineData(64, "tf32", "tf32_64")]
    public void ForNeurons_GivenAnExpertSize_TakesTilesThatItFills(int expertSize, string numbers, string expected) =>
        Assert.Equal(expected, CudaTile.ForNeurons(new(4096, 512, 16, expertSize, 4, Named(numbers)), Plenty).Suffix);

    [Fact]
    public void ForTokens_WhereSharedMemoryIsShort_TakesASmallerTile() =>
        Assert.Equal(
            "bf16_64", CudaTile.ForTokens(new(32768, 512, 16, 128, 4, TileNumbers.BFloat16), 48 * 1024).Suffix);

    [Theory]
    [InlineData(32768, 16, 64, 132, 5)]     // 264 blocks are wanted, 64 are there
    [InlineData(32768, 16, 512, 132, 1)]    // enough blocks without a split
    [InlineData(512, 16, 64, 132, 1)]       // too few tokens
    [InlineData(32768, 1, 8, 132, 16)]      // never more than 16
    public void Parts_GivenBlocks_FillTheDeviceTwice(
        int tokens, int experts, long blocks, int multiprocessors, int expected) =>
        Assert.Equal(
            expected, CudaTile.Parts(new(tokens, 512, experts, 128, 4, TileNumbers.BFloat16), blocks, multiprocessors));

    [Theory]
    [InlineData(1, 4, true)]
    [InlineData(1 << 29, 4, false)]
    public void Fits_GivenSlots_IsFalseWhereTheyPass32Bits(int tokens, int active, bool expected) =>
        Assert.Equal(expected, new ExpertSizes(tokens, 512, 16, 128, active, TileNumbers.BFloat16).Fits);

    [Theory]
    [InlineData(32768, 512, 4, "bf16", 50 << 20, 50)]    // 50 · 128 tokens · 4 KiB are half of 50 MiB
    [InlineData(32768, 512, 4, "float", 50 << 20, 25)]
    [InlineData(300, 512, 4, "bf16", 50 << 20, 3)]       // no more than there are
    [InlineData(32768, 512, 4, "bf16", 0, 1)]
    public void ChunkBlocks_GivenACache_FillHalfOfIt(
        int tokens, int modelSize, int active, string numbers, int cache, int expected) =>
        Assert.Equal(expected, new ExpertSizes(tokens, modelSize, 16, 128, active, Named(numbers)).ChunkBlocks(cache));

    [Theory]
    [InlineData(412, "bf16", 416)]
    [InlineData(512, "bf16", 512)]
    [InlineData(1, "bf16", 8)]
    [InlineData(413, "float", 413)]
    [InlineData(413, "f16", 416)]
    [InlineData(413, "tf32", 416)]
    public void Stride_OfARow_IsThatOfWholeCopies(int modelSize, string numbers, int expected) =>
        Assert.Equal(expected, new ExpertSizes(1, modelSize, 1, 1, 1, Named(numbers)).Stride);

    // compute capability 7.5 has 64 KiB a multiprocessor
    [Fact]
    public void All_ForFloat16OnItsFirstDevices_LetTwoBlocksShareAMultiprocessor() => Assert.All(
        CudaTile.All.Where(tile => tile.Numbers == TileNumbers.FlatFloat16)
            .SelectMany(tile => new[] { tile.UpBytes, tile.DownBytes, tile.HiddenBytes, tile.WeightBytes }),
        bytes => Assert.InRange(bytes, 1, 32 * 1024));

    [Theory]
    [InlineData(ScalarType.Float16, 90, "f16")]
    [InlineData(ScalarType.Float16, 75, "f16_flat")]
    [InlineData(ScalarType.Float16, 70, "float")]
    [InlineData(ScalarType.Float16, 61, null)]
    [InlineData(ScalarType.BFloat16, 80, "bf16")]
    [InlineData(ScalarType.BFloat16, 75, null)]
    [InlineData(ScalarType.Float32, 90, "float")]
    [InlineData(ScalarType.Float64, 90, null)]
    public void For_GivenANumberTypeAndADevice_IsTheFastestThatItHas(
        ScalarType type, int capability, string? expected) =>
        Assert.Equal(expected, TileNumbers.For(type, capability)?.Name);

    private static TileNumbers Named(string name) =>
        new[] { TileNumbers.Float32, TileNumbers.TensorFloat32, TileNumbers.BFloat16, TileNumbers.Float16, TileNumbers.FlatFloat16 }
            .Single(numbers => numbers.Name == name);
}
