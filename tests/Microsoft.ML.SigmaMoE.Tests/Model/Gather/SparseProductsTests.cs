using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class SparseProductsTests
{
    /// <summary>Gets (rows, columns, width, share of numbers that are 0).</summary>
    public static TheoryData<int, int, int, double> Sizes => new()
    {
        { 1, 1, 16, 0 }, { 3, 8, 17, 0.5 }, { 5, 9, 31, 1 }, { 19, 40, 64, 0.9 }, { 40, 23, 100, 0.8 },
        { 33, 70, 513, 0.7 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void SumAndDots_WithRegistersOfAnyWidth_EqualDenseProducts(int rows, int columns, int width, double zeros)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var dense = Dense(rows, columns, zeros, generator);
        var (x, values) = (randn([rows, width], generator: generator), randn([columns, width], generator: generator));
        var matrix = SparseMatrix.OfNonZeros(dense);
        var (sums, dots) = (dense.mm(values), x.mm(values.t())[dense.ne(0)]);
        TensorAssert.Close(sums, SparseProducts.Sum<Lanes512, Vector512<float>>(matrix, values), 5e-6);
        TensorAssert.Close(sums, SparseProducts.Sum<Lanes256, Vector256<float>>(matrix, values), 5e-6);
        TensorAssert.Close(dots, SparseProducts.Dots<Lanes512, Vector512<float>>(matrix, x, values), 5e-6);
        TensorAssert.Close(dots, SparseProducts.Dots<Lanes256, Vector256<float>>(matrix, x, values), 5e-6);

        var rounded = values.to(ScalarType.BFloat16);
        TensorAssert.Close(sums, SparseProducts.Sum<Lanes256, Vector256<float>>(matrix, rounded), 1e-2);
        TensorAssert.Close(dots, SparseProducts.Dots<Lanes256, Vector256<float>>(matrix, x, rounded), 1e-2);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Transposed_GivenAnyMatrix_KeepsEveryNumberInOrder(int rows, int columns, int width, double zeros)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)width);
        var dense = Dense(rows, columns, zeros, generator);
        var wanted = SparseMatrix.OfNonZeros(dense.t().contiguous());
        var actual = SparseMatrix.OfNonZeros(dense).Transposed();
        Assert.Equal(rows, actual.Columns);
        TensorAssert.Same(wanted.Offsets, actual.Offsets);
        TensorAssert.Same(wanted.Places, actual.Places);
        TensorAssert.Same(wanted.Factors, actual.Factors);
    }

    [Fact]
    public void OfNonZeros_GivenNumbersThatAreNone_KeepsThem()
    {
        using var scope = NewDisposeScope();
        var matrix = SparseMatrix.OfNonZeros(
            from_array(new[,] { { 0f, float.NaN, -0f }, { 0, 0, 0 }, { 2, 0, float.PositiveInfinity } }));
        Assert.Equal([0, 1, 1, 3], matrix.Offsets.data<int>().ToArray());
        Assert.Equal([1, 0, 2], matrix.Places.data<int>().ToArray());
        Assert.Equal([float.NaN, 2, float.PositiveInfinity], matrix.Factors.data<float>().ToArray());
    }

    [Fact]
    public void OfChoices_GivenAChoiceTwice_KeepsBoth()
    {
        using var scope = NewDisposeScope();
        var matrix = SparseMatrix.OfChoices(
            from_array(new[,] { { 1f, 2f }, { 3f, 4f } }), from_array(new long[,] { { 2, 2 }, { 0, 2 } }), 4);
        Assert.Equal([0, 2, 4], matrix.Offsets.data<int>().ToArray());
        var turned = matrix.Transposed();
        Assert.Equal([0, 1, 1, 4, 4], turned.Offsets.data<int>().ToArray());
        Assert.Equal([1, 0, 0, 1], turned.Places.data<int>().ToArray());
        Assert.Equal([3f, 1, 2, 4], turned.Factors.data<float>().ToArray());
    }

    private static Tensor Dense(int rows, int columns, double zeros, Generator generator) =>
        randn([rows, columns], generator: generator) * rand([rows, columns], generator: generator).ge(zeros);
}
