using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class FewRowsTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 700, 513)]
    [InlineData(4, 65, 40)]
    [InlineData(3, 2049, 300)]
    public void Multiply_GivenAnySize_IsTheMatrixProduct(int rows, int outputs, int inputs)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var (x, weight) = (randn(1, rows, inputs), randn(outputs, inputs) / Math.Sqrt(inputs));
        Assert.True(FewRows.Take(x, weight));
        TensorAssert.Close(matmul(x.to(float64), weight.to(float64).t()), FewRows.Multiply(x, weight), 1e-6);
    }

    [Fact]
    public void Multiply_OfBFloat16_KeepsTheWeightsPrecision()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var (x, weight) = (randn(1, 1, 64).to(bfloat16), randn(9, 64));
        TensorAssert.Close(matmul(x.to(float64), weight.to(float64).t()), FewRows.Multiply(x, weight), 1e-5);
    }

    [Fact]
    public void Take_OfManyRowsOrWithAGradient_IsFalse()
    {
        using var scope = NewDisposeScope();
        Assert.False(FewRows.Take(ones(1, 8), ones(3, 8)));
        using var quiet = no_grad();
        Assert.False(FewRows.Take(ones(FewRows.Most + 1, 8), ones(3, 8)));
        Assert.False(FewRows.Take(ones(1, 8), ones(8, 3).t()));
    }
}
