using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Changes how many threads libtorch uses, which is the process's.</summary>
[Collection(Alone.Name)]
public sealed class ExpertDecoderThreadsTests
{
    [Fact]
    public void Decode_OnAnyNumberOfThreads_GivesTheSameNumbers()
    {
        using var scope = NewDisposeScope();
        var inputs = new ExpertInputs(rand(3, 512), ones(3, 4), randn(8, 128, 512), randn(8, 128, 512), null);
        int[] choices = [0, 1, 2, 3, 3, 4, 5, 6, 7, 0, 3, 2];
        float[] gates = [.. choices.Select(choice => 0.1f + choice)];
        var threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var alone = ExpertDecoder.Decode(inputs, packed: null, choices, gates);
            set_num_threads(Math.Max(threads, 2));
            TensorAssert.Same(alone, ExpertDecoder.Decode(inputs, packed: null, choices, gates));
        }
        finally
        {
            set_num_threads(threads);
        }
    }
}
