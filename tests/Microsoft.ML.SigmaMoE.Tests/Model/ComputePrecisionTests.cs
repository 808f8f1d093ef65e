using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ComputePrecisionTests
{
    [Theory]
    [InlineData(Precision.Float32, ScalarType.Float32, false)]
    [InlineData(Precision.TensorFloat32, ScalarType.Float32, true)]
    [InlineData(Precision.BFloat16, ScalarType.BFloat16, false)]
    public void Of_WhatWasAskedFor_IsThat(Precision precision, ScalarType type, bool allowsTensorFloat32) =>
        Assert.Equal(
            new ComputePrecision(type) { AllowsTensorFloat32 = allowsTensorFloat32 },
            ComputePrecision.Of(precision, CPU));

    [Fact]
    public void Of_Float16OnTheProcessor_IsFloat32() =>
        Assert.Equal(new ComputePrecision(ScalarType.Float32), ComputePrecision.Of(Precision.Float16, CPU));

    [Fact]
    public void Of_Float16OnAGpu_ScalesLosses()
    {
        using var emulated = new OnEmulatedKernels();
        Assert.Equal(
            new ComputePrecision(ScalarType.Float16) { ScalesLosses = true },
            ComputePrecision.Of(Precision.Float16, CPU));
    }

    [Fact]
    public void Of_AnAutomaticPrecision_IsWhatTheProcessorIsFasterIn() => Assert.Equal(
        Processor.PrefersBFloat16 && Brgemm.IsAvailable ? ScalarType.BFloat16 : ScalarType.Float32,
        ComputePrecision.Of(Precision.Automatic, CPU));

    [Fact]
    public void Of_AnUnknownPrecision_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ComputePrecision.Of((Precision)99, CPU));
}
