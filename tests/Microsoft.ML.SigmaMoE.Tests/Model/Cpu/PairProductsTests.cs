using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed unsafe class PairProductsTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 16)]
    [InlineData(7, 33)]
    [InlineData(100, 104)]
    [InlineData(64, 230)]
    [InlineData(33, 512)]
    [InlineData(1101, 40)]
    public void Add_GivenAnySize_AddsTheProduct(int inner, int columns)
    {
        using var scope = NewDisposeScope();
        var (matrix, factors, sums) = (randn(inner, columns).to(bfloat16).to(float32), randn(inner), randn(columns));
        factors.narrow(0, 0, inner / 3).zero_();                                     // rows that are not read
        var wanted = sums.to(float64) + factors.to(float64).unsqueeze(0).mm(matrix.to(float64)).squeeze(0);
        var (padded, stride) = (Padding.Up(inner, 2), Padding.Stride(columns));
        using var pairs = new Scratch<uint>((long)padded / 2 * stride);
        using var strip = new Scratch<ushort>(2L * columns);
        PairPacking.Interleaved(
            TensorMemory.Of<float>(matrix), pairs.Pointer, stride, inner, padded, columns, strip.Pointer);
        PairProducts.Add(
            pairs.Pointer, stride, TensorMemory.Of<float>(factors), inner, columns, TensorMemory.Of<float>(sums));
        TensorAssert.Close(wanted, sums, 1e-5);
    }

    [Fact]
    public void Add_OfAnOddNumberOfFactors_DoesNotReadBehindThem()
    {
        var pairs = stackalloc uint[16];
        var factors = stackalloc float[] { 2, float.NaN };
        var sums = stackalloc float[16];
        new Span<uint>(pairs, 16).Fill(0x3F803F80);                                  // ones
        new Span<float>(sums, 16).Clear();
        PairProducts.Add(pairs, 16, factors, 1, 16, sums);
        Assert.All(new Span<float>(sums, 16).ToArray(), sum => Assert.Equal(2, sum));
    }
}
