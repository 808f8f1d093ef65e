using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Changes how many threads libtorch uses, which is the process's.</summary>
[Collection(Alone.Name)]
public sealed unsafe class BrgemmTests
{
    private const int Size = 64;

    [Fact]
    public void Multiply_InTurnsWithProductsOfLibtorch_StaysRight()
    {
        Assert.SkipUnless(Brgemm.IsAvailable, "This processor has no bfloat16.");

        // one thread for both: each sets the processor's matrix units up for itself
        Exception? fault = null;
        var thread = new Thread(() => fault = Record.Exception(TakeTurns));
        thread.Start();
        thread.Join();
        Assert.Null(fault);
    }

    private static void TakeTurns()
    {
        var before = get_num_threads(); // before it is set for the first time on a thread, libtorch resets it
        try
        {
            set_num_threads(1);
            InTurns();
        }
        finally
        {
            set_num_threads(before);
        }
    }

    private static void InTurns()
    {
        using var scope = NewDisposeScope();
        var (x, y) = (Random(256, 384), Random(384, 160));
        var wanted = x.mm(y);
        for (var turn = 0; turn < 4; turn++)
        {
            // the same shape as the last one of the turn before
            Assert.All(MultiplyOnes(), value => Assert.Equal(Size, value));
            TensorAssert.Close(wanted.to(ScalarType.Float32), x.mm(y).to(ScalarType.Float32), 1e-2);
        }
    }

    // A and B are ones, so that the order of B's pairs does not matter.
    private static float[] MultiplyOnes()
    {
        var ones = new ushort[Size * Size];
        var result = new float[Size * Size];
        Array.Fill(ones, BFloat16Rounding.Round(1));
        using var brgemm = new Brgemm();
        fixed (ushort* a = ones)
        fixed (float* c = result)
        {
            brgemm.Multiply(Size, Size, Size, a, Size, a, c, Size, accumulate: false);
        }

        return result;
    }

    private static Tensor Random(long rows, long columns)
    {
        using var generator = new Generator(1);
        return rand([rows, columns], generator: generator).to(ScalarType.BFloat16);
    }
}
