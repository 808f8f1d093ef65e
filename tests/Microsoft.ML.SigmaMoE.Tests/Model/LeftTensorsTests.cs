using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LeftTensorsTests
{
    [Fact]
    public void Free_AfterAnotherThreadLeftTensors_DisposesThem()
    {
        var (left, tensor) = (LeftTensors.OfThisThread, zeros(1));
        var other = new Thread(() => left.Add(tensor, null));
        other.Start();
        other.Join();
        Assert.False(tensor.IsInvalid);
        left.Free();
        Assert.True(tensor.IsInvalid);
    }

    [Fact]
    public void Add_OnTheOwnersThread_KeepsNothing()
    {
        using var tensor = zeros(1);
        LeftTensors.OfThisThread.Add(tensor);
        LeftTensors.OfThisThread.Free();
        Assert.False(tensor.IsInvalid);
    }
}
