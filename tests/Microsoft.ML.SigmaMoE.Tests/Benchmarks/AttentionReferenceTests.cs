using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class AttentionReferenceTests
{
    private const int Heads = 2;
    private const int Size = 5;

    [Theory]
    [InlineData(7, 0)]
    [InlineData(7, 7)]
    [InlineData(9, 4)]
    public void Error_OfEachWay_IsRoundingAlone(int time, int memory)
    {
        using var scope = NewDisposeScope();
        foreach (var way in (Func<AttentionInputs, RelativePositions, Tensor>[])
            [AttentionWays.Plain, AttentionWays.OnePass, AttentionWays.ScaledDotProduct])
        {
            Assert.InRange(Error(way, time, memory, ScalarType.Float32), 1e-12, 1e-6);
        }
    }

    [Fact]
    public void Error_OfEachWayInBFloat16_IsRoundingAlone()
    {
        using var scope = NewDisposeScope();
        Assert.InRange(Error(AttentionWays.Plain, 9, 4, ScalarType.BFloat16), 1e-5, 1e-2);
        Assert.InRange(Error(AttentionWays.ScaledDotProduct, 9, 4, ScalarType.BFloat16), 1e-5, 1e-2);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 1e-12, 1e-6)]
    [InlineData(ScalarType.BFloat16, 1e-5, 1e-2)]
    public void Error_OfAttentionInOneStep_IsRoundingAlone(ScalarType type, double least, double most)
    {
        Assert.SkipWhen(AttentionKernels.Of(type) is null, "This processor has no kernel for it.");
        using var scope = NewDisposeScope();
        Assert.InRange(Error(AttentionWays.OneStep, 9, 4, type), least, most);
    }

    [Fact]
    public void Error_OfAWayWithOtherPositions_IsLarge()
    {
        using var scope = NewDisposeScope();
        Assert.InRange(Error((inputs, positions) => AttentionWays.Plain(
            inputs with { Places = inputs.Places.flip(0) }, positions), 7, 7, ScalarType.Float32), 1e-2, 10);
    }

    [Fact]
    public void Error_OfAWayWithAWrongGradientAlone_IsLarge()
    {
        using var scope = NewDisposeScope();
        Assert.InRange(Error((inputs, positions) => AttentionWays.Plain(
            inputs with { Places = inputs.Places.Plus(inputs.Places).Plus(inputs.Places.detach().neg()) }, positions),
            7, 7, ScalarType.Float32), 0.9, 1.1);
    }

    private static double Error(
        Func<AttentionInputs, RelativePositions, Tensor> way, int time, int memory, ScalarType type)
    {
        const int Width = Heads * Size;
        using var randomness = new Randomness(3);
        var positions = RelativePositions.Create(new(time, memory), Width, CPU);
        Tensor Draw(params long[] shape) => randomness.Normal(shape).to(type);
        var inputs = new AttentionInputs(
            Draw(2, time, Width), Draw(2, time + memory, 2 * Width), Draw(time + memory, Width),
            randomness.Normal([Heads, Size]), randomness.Normal([Heads, Size]), TensorNumbers.Full([1], 0.5));
        return AttentionReference.Error(
            given => way(given, positions), inputs, Draw(2, time, Width), positions.Windows);
    }
}
