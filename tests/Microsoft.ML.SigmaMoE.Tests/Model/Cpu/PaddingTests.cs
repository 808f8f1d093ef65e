namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class PaddingTests
{
    [Fact]
    public void Stride_OfAnyCount_HasRoomForPaddingBeginsWithACacheLineAndIsNoPowerOfTwo() =>
        Assert.All(Enumerable.Range(1, 2100), count =>
        {
            var stride = Padding.Stride(count);
            Assert.True(stride >= Padding.Up(count, 32), $"{count} {stride}");
            Assert.Equal(0, stride * sizeof(float) % 64);
            Assert.NotEqual(0, stride % 128);
        });
}
