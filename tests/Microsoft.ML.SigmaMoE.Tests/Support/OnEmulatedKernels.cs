using Microsoft.ML.SigmaMoE.Gpu;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// While it lives, this thread's tensors of the processor are taken for a GPU's, whose kernels the emulator runs.
/// </summary>
internal sealed class OnEmulatedKernels : IDisposable
{
    /// <param name="capability">The compute capability that the GPU says it has.</param>
    public OnEmulatedKernels(int capability = 80)
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        (Driver = EmulatedKernels.Driver()).Capability = capability;
        TensorKernels.Emulated = EmulatedKernels.On(Driver);
    }

    /// <summary>Gets the driver that they run on.</summary>
    public EmulatedDriver Driver { get; }

    public void Dispose() => TensorKernels.Emulated = null;
}
