using Microsoft.ML.SigmaMoE.Gpu;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>While it lives, this thread's tensors of the processor are taken for a GPU's, whose kernels the emulator runs.</summary>
internal sealed class OnEmulatedKernels : IDisposable
{
    public OnEmulatedKernels()
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        TensorKernels.Emulated = EmulatedKernels.On(Driver = EmulatedKernels.Driver());
    }

    /// <summary>Gets the driver that they run on.</summary>
    public EmulatedDriver Driver { get; }

    public void Dispose() => TensorKernels.Emulated = null;
}
