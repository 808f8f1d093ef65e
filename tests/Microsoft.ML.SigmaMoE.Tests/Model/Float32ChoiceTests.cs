using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

[Collection(Alone.Name)]
public sealed class Float32ChoiceTests : IDisposable
{
    private const string Setting = "torch.backends.cuda.matmul.allow_tf32=true";
    private readonly bool _before = IsAllowed;

    private static bool IsAllowed
    {
        get => backends.cuda.matmul.allow_tf32;
        set => backends.cuda.matmul.allow_tf32 = value;
    }

    public void Dispose() => IsAllowed = _before;

    [Fact]
    public void Hold_UntilTheLastHolderIsGone_ChangesAndPutsBack()
    {
        IsAllowed = false;
        var (first, second) =
            (Float32Choice.Hold(Float32Wish.RoundedOnGpu), Float32Choice.Hold(Float32Wish.RoundedOnGpu));
        Assert.Equal((true, true), (IsAllowed, ProcessSettings.Changed.Contains(Setting)));
        first.Dispose();
        first.Dispose();
        Assert.True(IsAllowed);
        second.Dispose();
        Assert.Equal((false, false), (IsAllowed, ProcessSettings.Changed.Contains(Setting)));
    }

    [Fact]
    public void Hold_WhereTheUserHasAllowedIt_LeavesItAllowed()
    {
        IsAllowed = true;
        Float32Choice.Hold(Float32Wish.RoundedOnGpu).Dispose();
        Assert.True(IsAllowed);
    }

    [Fact]
    public void Hold_BesideOneDnnForTheProcessor_PutsBackWhatWasThere()
    {
        Assert.SkipUnless(Float32Multiplication.IsAdjustable, "libtorch offers no choice here.");
        using var medium = Float32Multiplication.Use("medium");
        Float32Choice.Hold(Float32Wish.RoundedOnGpu).Dispose();
        Assert.Equal("medium", Float32Multiplication.Word);
    }

    // whatever order they come and go in: exactness goes first
    [Fact]
    public void Hold_OfWishesThatContradict_PutsExactnessFirst()
    {
        IsAllowed = false;
        var rounded = Float32Choice.Hold(Float32Wish.RoundedOnGpu);
        var fast = Float32Choice.Hold(Float32Wish.FastOnProcessor);
        Assert.True(IsAllowed);                             // by oneDNN's setting, or by its own
        var exact = Float32Choice.Hold(Float32Wish.ExactOnGpu);
        Assert.False(IsAllowed);
        fast.Dispose();
        exact.Dispose();
        Assert.Equal((true, true), (IsAllowed, ProcessSettings.Changed.Contains(Setting)));
        rounded.Dispose();
        Assert.Equal((false, false), (IsAllowed, ProcessSettings.Changed.Contains(Setting)));
        Assert.True(!Float32Multiplication.IsAdjustable || Float32Multiplication.Word == "highest");
    }

    [Fact]
    public void Hold_WhereTheUserChoosesMeanwhile_KeepsHisChoice()
    {
        IsAllowed = false;
        var rounded = Float32Choice.Hold(Float32Wish.RoundedOnGpu);
        IsAllowed = false;
        var other = Float32Choice.Hold(Float32Wish.RoundedOnGpu);
        Assert.Equal((false, false), (IsAllowed, ProcessSettings.Changed.Contains(Setting)));
        other.Dispose();
        rounded.Dispose();
        Assert.False(IsAllowed);
    }

    [Theory]
    [InlineData(Precision.TensorFloat32, true)]
    [InlineData(Precision.Float32, false)]
    public void Network_OnAGpu_AllowsItWhileItLives(Precision precision, bool expected)
    {
        IsAllowed = false;
        using var emulated = new OnEmulatedKernels();
        var network = Network(precision);
        Assert.Equal((expected, expected), (IsAllowed, ProcessSettings.Changed.Contains(Setting)));
        network.Dispose();
        Assert.Equal((false, false), (IsAllowed, ProcessSettings.Changed.Contains(Setting)));
    }

    [Fact]
    public void Network_OnTheProcessor_LeavesItAlone()
    {
        IsAllowed = false;
        using var network = Network(Precision.TensorFloat32);
        Assert.DoesNotContain(Setting, ProcessSettings.Changed);
    }

    private static TransformerNetwork Network(Precision precision) =>
        new LanguageModelOptions { Model = TinyModel.Model, Precision = precision }.CreateNetwork(11, CPU);
}
