using TorchSharp;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TorchRuntimeTests
{
    [Fact]
    public void EnsureLoadable_CalledFirst_LetsTorchCompute()
    {
        TorchRuntime.EnsureLoadable();
        using var ones = torch.ones(3);
        using var sum = ones.sum();
        Assert.Equal(3f, sum.item<float>());
    }
}
