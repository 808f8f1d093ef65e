namespace Microsoft.ML.SigmaMoE.Tests;

[Collection(Alone.Name)]
public sealed class Float32SpeedTests
{
    [Fact]
    public void Hold_UntilTheLastHolderIsGone_ChangesAndPutsBack()
    {
        Assert.SkipUnless(Float32Multiplication.IsAdjustable, "libtorch offers no choice here.");
        using var usual = Float32Multiplication.Use("highest");
        string[] possible = ["highest", "medium"];
        var (first, second) =
            (Float32Choice.Hold(Float32Wish.FastOnProcessor), Float32Choice.Hold(Float32Wish.FastOnProcessor));
        var held = Float32Multiplication.Word;
        Assert.Contains(held, possible);
        first.Dispose();
        first.Dispose();
        Assert.Equal(held, Float32Multiplication.Word);
        second.Dispose();
        Assert.Equal("highest", Float32Multiplication.Word);
    }

    [Fact]
    public void Hold_WhereTheUserHasChosen_ChangesNothing()
    {
        Assert.SkipUnless(Float32Multiplication.IsAdjustable, "libtorch offers no choice here.");
        using var chosen = Float32Multiplication.Use("high");
        using var speed = Float32Choice.Hold(Float32Wish.FastOnProcessor);
        Assert.Equal("high", Float32Multiplication.Word);
    }

    [Fact]
    public void MeasureError_OnAProcessorWithoutMatrixUnits_IsThatOfFloat32()
    {
        var error = Float32Speed.MeasureError();
        Assert.True(error < 1e-5 || Processor.HasBFloat16, $"The error is {error}.");
        Assert.True(error > 0);
    }

    [Fact]
    public void Use_OfAWord_LastsUntilItIsDisposed()
    {
        Assert.SkipUnless(Float32Multiplication.IsAdjustable, "libtorch offers no choice here.");
        var before = Float32Multiplication.Word;
        using (Float32Multiplication.Use("medium"))
        {
            Assert.Equal("medium", Float32Multiplication.Word);
        }

        Assert.Equal(before, Float32Multiplication.Word);
    }
}
