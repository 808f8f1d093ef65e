using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Counts the tensors of the whole process, so nothing else may make any meanwhile.</summary>
[Collection(Alone.Name)]
public sealed class LanguageModelLeakTests
{
    [Theory]
    [InlineData(Precision.Float32)]
    [InlineData(Precision.BFloat16)]
    public void Score_AThousandTimes_LeavesNoTensorAlive(Precision precision)
    {
        using var model = TinyModel.CreateIn(precision);
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
