using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Looks at the whole process's memory, so nothing runs beside it.</summary>
[Collection(Alone.Name)]
public sealed class OutputMemoryTests
{
    // Logits of all tokens in float32 would be 256 MB, and libtorch's operations hold three times as many.
    [Theory]
    [InlineData(ScalarType.Float32, 192)]
    [InlineData(ScalarType.BFloat16, 96)]
    public void Apply_ToManyTokens_TakesBoundedMemory(ScalarType type, int most)
    {
        using var scope = NewDisposeScope();
        var (hidden, matrix, bias) = (randn(4096, 4), randn(16384, 4), zeros(16384));
        var targets = zeros(4096, dtype: ScalarType.Int64);
        void Run()
        {
            using var inner = NewDisposeScope();
            OutputLoss.Apply(
                hidden.detach().requires_grad_(), matrix.detach().requires_grad_(), bias, targets,
                new(type)).backward();
        }

        Run();
        Assert.SkipUnless(ResidentMemory.PeakOf(() => { }) is not null, "This system does not tell.");
        // without the fused kernel libtorch multiplies bfloat16 by way of float32, and holds as much as in that
        Assert.InRange(ResidentMemory.PeakOf(Run)!.Value >> 20, 0, Brgemm.IsAvailable ? most : 192);
    }

    [Theory]
    [InlineData(1, 10, 32)]
    [InlineData(100, 8000, 128)]
    [InlineData(1_000_000, 8000, 2080)]
    [InlineData(1_000_000, 1_000_000, 128)]
    public void Rows_GivenAnySize_AreBoundedButFillATile(long tokens, int vocabulary, int wanted)
    {
        using var block = new OutputBlock(new(2, vocabulary), tokens) { Bias = [] };
        Assert.Equal(wanted, block.Rows);
    }
}
