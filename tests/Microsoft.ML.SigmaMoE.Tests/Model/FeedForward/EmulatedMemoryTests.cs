using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// A sparse product-key memory as on a GPU, its kernels on the emulator, beside the same on the processor.
/// </summary>
public sealed class EmulatedMemoryTests
{
    [Theory]
    [InlineData(ScalarType.Float32, MemoryActivation.Relu, 5e-6)]
    [InlineData(ScalarType.Float32, MemoryActivation.Softmax, 5e-6)]
    [InlineData(ScalarType.BFloat16, MemoryActivation.Relu, 1e-2)]
    [InlineData(ScalarType.Float16, MemoryActivation.Relu, 1e-2)]
    public void Memory_OnAGpu_GivesTheOutputAndAllGradientsOfTheProcessor(
        ScalarType type, MemoryActivation activation, double tolerance)
    {
        using var scope = NewDisposeScope();
        var options =
            new ProductKeyMemoryOptions { SubKeyCount = 7, HeadCount = 3, NearestKeys = 4, Activation = activation };
        var expected = Run(options, type);
        using var emulated = new OnEmulatedKernels();
        var actual = Run(options, type);
        var numbers = type switch { ScalarType.Float32 => "float", ScalarType.BFloat16 => "bf16", _ => "f16" };
        Assert.Equal([$"gather_sum_{numbers}", $"gather_dots_{numbers}", "scatter_sum"], emulated.Driver.Launches);
        Assert.Equal(expected.Keys, actual.Keys);
        Assert.All(expected, pair => TensorAssert.Close(pair.Value, actual[pair.Key], tolerance, pair.Key));
    }

    // the output, and the gradient by the input and by every parameter
    private static Dictionary<string, Tensor> Run(ProductKeyMemoryOptions options, ScalarType type)
    {
        using var randomness = new Randomness(5);
        using var block = new ProductKeyMemory(options, new(new() { ModelSize = 22 }, type, randomness));
        var x = randomness.Normal([2, 60, 22]).requires_grad_();
        var output = Forgetting.AllBut(() =>
        {
            var y = block.forward(x).Hidden;
            return ((y * randomness.Normal(y.shape)).sum(), y.detach());
        });
        output.Loss.backward();
        var results = block.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!);
        (results["output"], results["input"]) = (output.Result, x.grad!);
        return results;
    }
}
