using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LeftTensorsTests
{
    [Fact]
    public void Free_AfterAScopeHasEnded_DisposesWhatWasTakenFromIt()
    {
        var left = LeftTensors.OfThisThread;
        Tensor tensor;
        using (NewDisposeScope())
        {
            tensor = zeros(1);
            left.Add([tensor, null]);
        }

        Assert.False(tensor.IsInvalid);
        left.Free();
        Assert.True(tensor.IsInvalid);
    }

    [Fact]
    public void OfThisThread_OnAnotherThread_IsAnother()
    {
        LeftTensors? other = null;
        var thread = new Thread(() => other = LeftTensors.OfThisThread);
        thread.Start();
        thread.Join();
        Assert.NotNull(other);
        Assert.NotSame(LeftTensors.OfThisThread, other);
        Assert.Same(LeftTensors.OfThisThread, LeftTensors.OfThisThread);
    }
}
