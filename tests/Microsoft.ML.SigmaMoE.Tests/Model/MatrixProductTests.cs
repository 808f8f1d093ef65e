using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class MatrixProductTests
{
    [Theory]
    [InlineData(new long[] { 3, 4 }, new long[] { 4, 5 })]
    [InlineData(new long[] { 2, 3, 4 }, new long[] { 2, 4, 5 })]
    [InlineData(new long[] { 2, 3, 4 }, new long[] { 4, 5 })]
    [InlineData(new long[] { 2, 6, 3, 4 }, new long[] { 4, 5 })]
    [InlineData(new long[] { 2, 6, 3, 4 }, new long[] { 6, 4, 5 })]
    [InlineData(new long[] { 2, 1, 3, 4 }, new long[] { 1, 6, 4, 5 })]
    [InlineData(new long[] { 3, 4 }, new long[] { 6, 4, 5 })]
    [InlineData(new long[] { 1, 3, 4 }, new long[] { 6, 4, 5 })]
    public void Of_AnyShapes_IsWhatMatmulComputesAndItsGradient(long[] one, long[] other)
    {
        using var scope = NewDisposeScope();
        var (x, y) = (randn(one).requires_grad_(), randn(other).requires_grad_());
        var (a, b) = (x.detach().requires_grad_(), y.detach().requires_grad_());
        var (wanted, got) = (matmul(x, y), MatrixProduct.Of(a, b));
        TensorAssert.Close(wanted, got, 1e-6);
        var arriving = randn(wanted.shape);
        wanted.backward([arriving]);
        got.backward([arriving]);
        TensorAssert.Close(x.grad!, a.grad!, 1e-6);
        TensorAssert.Close(y.grad!, b.grad!, 1e-6);
    }

    [Fact]
    public void Of_ViewsThatAreNotContiguous_IsWhatMatmulComputes()
    {
        using var scope = NewDisposeScope();
        var (x, y) = (randn(2, 3, 6, 4).transpose(1, 2), randn(2, 5, 6, 4).transpose(1, 2));   // [2, 6, 3, 4], [2, 6, 5, 4]
        TensorAssert.Close(matmul(x, y.transpose(2, 3)), MatrixProduct.Of(x, y.transpose(2, 3)), 1e-6);
        TensorAssert.Close(matmul(x, y[0, 0].t()), MatrixProduct.Of(x, y[0, 0].t()), 1e-6);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Of_MoreMemoryThanThereIs_Throws(int dimensions)
    {
        using var scope = NewDisposeScope();
        const long Many = 1L << 24;    // the product has 2⁴⁸ numbers
        long[] Shape(long rows, long columns) => [.. Enumerable.Repeat(1L, dimensions - 2), rows, columns];
        var (x, y) = (zeros(1).expand(Shape(Many, 1)), zeros(1).expand(Shape(1, Many)));
        var fault = Assert.Throws<ExternalException>(() => MatrixProduct.Of(x, y));
        Assert.Contains("memory", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_SizesThatDoNotFit_Throws()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ExternalException>(() => MatrixProduct.Of(zeros(2, 3), zeros(4, 5)));
        Assert.Throws<ExternalException>(() => MatrixProduct.Of(zeros(2, 3, 4), zeros(3, 4, 5)));
    }
}
