using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed unsafe class RowProductsTests
{
    public static MatrixTheoryData<int, int> Sizes => new([1, 3, 4, 9], [1, 15, 16, 37, 96, 130]);

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Dot_GivenAnySize_IsTheMatrixProduct(int count, int width)
    {
        using var scope = NewDisposeScope();
        var (rows, x, products) = (randn(count, width), randn(width), zeros(count));
        RowProducts.Dot(
            TensorMemory.Of<float>(rows), count, width, TensorMemory.Of<float>(x), TensorMemory.Of<float>(products));
        TensorAssert.Close(matmul(rows.to(float64), x.to(float64)), products, 1e-6);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void AddSome_GivenAnySize_AddsTheWeighedRows(int count, int width)
    {
        using var scope = NewDisposeScope();
        var (rows, sum) = (randn(count + 2, width), randn(width));
        int[] places = [.. Enumerable.Range(0, count).Select(i => (i * 5 + 1) % (count + 2))];
        float[] factors = [.. Enumerable.Range(0, count).Select(i => i - 1.5f)];
        var wanted = sum.to(float64)
            + matmul(tensor(factors).to(float64), rows.index_select(0, tensor(places)).to(float64));
        RowProducts.AddSome(TensorMemory.Of<float>(rows), places, factors, width, TensorMemory.Of<float>(sum));
        TensorAssert.Close(wanted, sum, 1e-6);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Add_OfAllRows_IsTheMatrixProduct(int count, int width)
    {
        using var scope = NewDisposeScope();
        var (rows, factors, sum) = (randn(count, width), randn(count), zeros(width));
        RowProducts.Add(
            TensorMemory.Of<float>(rows), TensorMemory.Of<float>(factors), count, width, TensorMemory.Of<float>(sum));
        TensorAssert.Close(matmul(factors.to(float64), rows.to(float64)), sum, 1e-6);
    }
}
