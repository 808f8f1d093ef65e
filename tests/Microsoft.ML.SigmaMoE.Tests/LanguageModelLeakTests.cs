using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Counts the tensors of the whole process, so nothing else may make any meanwhile.</summary>
[Collection(Alone.Name)]
public sealed class LanguageModelLeakTests
{
    [Fact]
    public void Score_AThousandTimes_LeavesNoTensorAlive()
    {
        using var model = TinyModel.Create();
        model.Score("warm up");
        GC.Collect();
        GC.WaitForPendingFinalizers();    // of what other tests left behind
        var before = Tensor.TotalCount;
        for (var i = 0; i < 1000; i++)
        {
            model.Score($"text number {i}");
        }

        Assert.Equal(before, Tensor.TotalCount);
    }
}
