using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

[Collection(Alone.Name)]
public sealed class TensorFloat32SpeedTests : IDisposable
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
        var (first, second) = (TensorFloat32Speed.Hold(), TensorFloat32Speed.Hold());
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
        TensorFloat32Speed.Hold().Dispose();
        Assert.True(IsAllowed);
    }

    [Fact]
    public void Hold_BesideOneDnnForTheProcessor_PutsBackWhatWasThere()
    {
        Assert.SkipUnless(Float32Multiplication.IsAdjustable, "libtorch offers no choice here.");
        using var medium = Float32Multiplication.Use("medium");
        TensorFloat32Speed.Hold().Dispose();
        Assert.Equal("medium", Float32Multiplication.Word);
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
