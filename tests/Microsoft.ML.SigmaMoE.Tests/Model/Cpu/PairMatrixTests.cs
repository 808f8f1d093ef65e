using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class PairMatrixTests
{
    public static MatrixTheoryData<int, int, int> Sizes =>
        new([1, 3, 5, 7, 8, 12, 17, 20, 32, 48, 130], [1, 31, 64, 100, 230], [1, 33, 104, 512]);

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Multiply_InBFloat16_IsTheProductOfRoundedNumbers(int rows, int outputs, int inputs)
    {
        Assert.SkipUnless(Brgemm.IsAvailable, "Bfloat16 tiles need a processor that multiplies it.");
        using var scope = NewDisposeScope();
        var (x, weight) = Draw(rows, outputs, inputs);
        var (roundedX, rounded) = (x.to(bfloat16).to(float32), weight.to(bfloat16).to(float32));
        using var packed = new PairMatrix(weight);
        var got = packed.Multiply(x);
        Assert.Equal(ScalarType.BFloat16, got.dtype);
        TensorAssert.Close(Wanted(roundedX, rounded), got, 5e-3);
        TensorAssert.Same(got, packed.Multiply(x.to(bfloat16)), "x in bfloat16");
    }

    [Fact]
    public void Takes_OfWhatTilesCannotMultiply_IsFalse()
    {
        using var scope = NewDisposeScope();
        var weight = ones(6, 8);
        Assert.False(PairMatrix.Takes(weight, ScalarType.Float32, 8));
        Assert.False(PairMatrix.Takes(weight, ScalarType.BFloat16, 0));
        Assert.False(PairMatrix.Takes(weight.t(), ScalarType.BFloat16, 8));
        Assert.False(PairMatrix.Takes(weight.to(float64), ScalarType.BFloat16, 8));
        Assert.Equal(Brgemm.IsAvailable, PairMatrix.Takes(weight, ScalarType.BFloat16, 8));
    }

    private static (Tensor X, Tensor Weight) Draw(int rows, int outputs, int inputs) =>
        (randn(rows, inputs), randn(outputs, inputs) / Math.Sqrt(inputs));

    private static Tensor Wanted(Tensor x, Tensor weight) => x.to(float64).mm(weight.to(float64).t());
}
