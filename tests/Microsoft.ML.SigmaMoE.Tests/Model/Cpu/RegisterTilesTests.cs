using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed unsafe class RegisterTilesTests
{
    public static MatrixTheoryData<int, int, int, bool> Sizes =>
        new([1, 4, 5, 7, 11, 12, 13, 31], [1, 15, 32, 77], [1, 3, 50], [false, true]);

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Multiply_With512Bits_IsTheMatrixProduct(int rows, int columns, int inner, bool add) =>
        Check<Lanes512, Vector512<float>>(rows, columns, inner, add);

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Multiply_With256Bits_IsTheMatrixProduct(int rows, int columns, int inner, bool add) =>
        Check<Lanes256, Vector256<float>>(rows, columns, inner, add);

    // A the usual way and turned round; rows behind A's last are no numbers, and must not be seen.
    private static void Check<TLanes, TVector>(int rows, int columns, int inner, bool add)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        using var scope = NewDisposeScope();
        var padded = (rows + 3) / 4 * 4;
        var (a, b, start) = (randn(rows, inner), randn(inner, columns), randn(rows, columns));
        var behind = TensorNumbers.Full([padded - rows, inner], double.NaN);
        var left = cat([a, behind]);                                          // [padded, inner]
        var turned = left.t().contiguous();                                   // [inner, padded]
        var wanted = matmul(a.to(float64), b.to(float64)) + (add ? start.to(float64) : zeros_like(start));
        TileOperand[] operands =
            [new(TensorMemory.Of<float>(left), inner, 1), new(TensorMemory.Of<float>(turned), 1, padded)];
        var targets = stackalloc float*[rows];
        foreach (var operand in operands)
        {
            using var edge = new Scratch<float>(inner * RegisterTiles<TLanes, TVector>.Panel);
            var c = start.clone();
            for (var row = 0; row < rows; row++)
            {
                targets[row] = TensorMemory.Of<float>(c) + row * columns;
            }

            var panels = new TilePanels(
                TensorMemory.Of<float>(b), columns, RegisterTiles<TLanes, TVector>.Panel, edge.Pointer);
            RegisterTiles<TLanes, TVector>.Multiply(operand, rows, panels, inner, targets, columns, add);
            TensorAssert.Close(wanted, c, 1e-5);
        }
    }
}
