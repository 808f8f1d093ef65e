using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class FewRowsTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 700, 513)]
    [InlineData(4, 65, 40)]
    [InlineData(3, 2049, 300)]
    [InlineData(4, 3, 7)]
    public void Multiply_GivenAnySize_IsTheMatrixProduct(int rows, int outputs, int inputs)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var (x, weight) = (randn(1, rows, inputs), randn(outputs, inputs) / Math.Sqrt(inputs));
        Assert.True(FewRows.Take(x, weight, float32));
        TensorAssert.Close(matmul(x.to(float64), weight.to(float64).t()), FewRows.Multiply(x, weight), 1e-6);
    }

    [Theory]
    [InlineData(5, 3, 7)]
    [InlineData(20, 513, 412)]
    [InlineData(47, 8, 512)]
    [InlineData(120, 1000, 230)]
    public void Multiply_InTiles_IsTheMatrixProduct(int rows, int outputs, int inputs)
    {
        Assert.SkipUnless(Processor.HasRegisterTiles, "This processor has no tiles.");
        Multiply_GivenAnySize_IsTheMatrixProduct(rows, outputs, inputs);
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
        Assert.False(FewRows.Take(ones(1, 8), ones(3, 8), float32));
        using var quiet = no_grad();
        Assert.False(FewRows.Take(ones(FewRows.Most(float32) + 1, 8), ones(3, 8), float32));
        Assert.False(FewRows.Take(ones(FewRows.Most(bfloat16) + 1, 8), ones(3, 8), bfloat16));
        Assert.False(FewRows.Take(ones(1, 8), ones(8, 3).t(), float32));
    }
}
