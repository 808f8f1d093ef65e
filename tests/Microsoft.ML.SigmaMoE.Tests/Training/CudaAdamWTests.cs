using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>The kernel on the emulator against the processor's own pass, over the processor's tensors.</summary>
public sealed class CudaAdamWTests
{
    private static readonly AdamWCoefficients Coefficients = new(0.5f, 0.99f, 0.1f, 0.999f, 0.001f, 0.01f, 1.5f, 1e-8f);

    [Fact]
    public void Run_OverTensorsOfAllSizes_EqualsTheProcessorsPass()
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var expected = Passes();
        AdamWPass.Run(expected);
        var actual = Passes();
        new CudaAdamW(EmulatedKernels.On(EmulatedKernels.Driver()), CPU).Run(actual);
        for (var i = 0; i < expected.Length; i++)
        {
            TensorAssert.Close(expected[i].Parameter.Value, actual[i].Parameter.Value, 1e-6, $"parameter {i}");
            TensorAssert.Close(expected[i].Parameter.Mean, actual[i].Parameter.Mean, 1e-6, $"mean {i}");
            TensorAssert.Close(expected[i].Parameter.Square, actual[i].Parameter.Square, 1e-6, $"square {i}");
        }
    }

    [Fact]
    public void Run_OverManyTensors_LaunchesOnce()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var driver = new FakeDriver();
        new CudaAdamW(EmulatedKernels.On(driver), CPU).Run(Passes());
        var launch = Assert.Single(driver.Launches);
        Assert.Equal(("adamw", 4u), (launch.Kernel, launch.Blocks));  // one of the tensors has two chunks
    }

    private static AdamWPass[] Passes() => [.. new[] { 1, 300, (1 << 16) + 77 }.Select(Pass)];

    private static AdamWPass Pass(int size)
    {
        var numbers = Enumerable.Range(0, size).Select(i => (float)Math.Sin(i + size)).ToArray();
        var parameter = new AdamWParameter("p", new Parameter(tensor(numbers)));
        parameter.Mean.copy_(tensor(numbers.Select(x => x * 0.1f).ToArray()));
        parameter.Square.copy_(tensor(numbers.Select(x => x * x).ToArray()));
        return new(parameter, tensor(numbers.Select(x => 1 - x).ToArray()), Coefficients);
    }
}
