using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed unsafe class DotTilesTests
{
    public static MatrixTheoryData<int, int, int> Sizes => new(
        [1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 31, 126, 127, 130, 253], [1, 3, 4, 5, 7, 8, 102],
        [1, 3, 8, 15, 16, 17, 50, 104]);

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Multiply_With512Bits_IsTheMatrixProduct(int rows, int outputs, int inner) =>
        Check<Lanes512, Vector512<float>>(rows, outputs, inner);

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Multiply_With256Bits_IsTheMatrixProduct(int rows, int outputs, int inner) =>
        Check<Lanes256, Vector256<float>>(rows, outputs, inner);

    [Theory]
    [InlineData(1 << 14)] // blocks of six rows, the fewest
    [InlineData(5000)]
    public void Multiply_OfLongRows_IsTheMatrixProduct(int inner)
    {
        Check<Lanes512, Vector512<float>>(20, 9, inner);
        Check<Lanes256, Vector256<float>>(20, 9, inner);
    }

    [Fact]
    public void Multiply_ANumberOfC_DoesNotDependOnTheOthers()
    {
        using var scope = NewDisposeScope();
        var (a, w) = (randn(40, 100), randn(23, 100));
        var all = Product<Lanes512, Vector512<float>>(a, w);
        for (var rows = 2; rows <= 40; rows++)
        {
            var some = Product<Lanes512, Vector512<float>>(a.narrow(0, 40 - rows, rows), w.narrow(0, 0, 4 + rows % 19));
            Assert.True(all[(40 - rows).., ..(int)some.shape[1]].equal(some).all().item<bool>());
        }
    }

    // What stands around rows is no number, and must not be seen nor written.
    private static void Check<TLanes, TVector>(int rows, int outputs, int inner)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        using var scope = NewDisposeScope();
        var (a, w) = (randn(rows, inner), randn(outputs, inner));
        var wanted = matmul(a.to(float64), w.to(float64).t());
        TensorAssert.Close(wanted, Product<TLanes, TVector>(a, w), 1e-5);
    }

    private static Tensor Product<TLanes, TVector>(Tensor a, Tensor w)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        var (rows, outputs, inner) = ((int)a.shape[0], (int)w.shape[0], (int)a.shape[1]);
        var left = TensorNumbers.Full([rows, inner + 3], double.NaN);
        var right = TensorNumbers.Full([outputs + 2, inner], double.NaN);
        var target = TensorNumbers.Full([rows + 2, outputs + 3], double.NaN);
        left.narrow(1, 0, inner).copy_(a);
        right.narrow(0, 0, outputs).copy_(w);
        DotTiles<TLanes, TVector>.Multiply(
            TensorMemory.Of<float>(left), rows, inner + 3, TensorMemory.Of<float>(right), outputs, inner,
            TensorMemory.Of<float>(target), outputs + 3);
        Assert.True(target.narrow(0, rows, 2).isnan().all().item<bool>());
        Assert.True(target.narrow(1, outputs, 3).isnan().all().item<bool>());
        return target[..rows, ..outputs];
    }
}
