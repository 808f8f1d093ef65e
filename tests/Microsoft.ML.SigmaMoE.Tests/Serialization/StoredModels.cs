using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Small models to save, and files to damage.</summary>
internal static class StoredModels
{
    public static StoredModel Create(
        FeedForwardOptions? feedForward = null, TextTokenizer? tokenizer = null, int seed = 3)
    {
        var options = new LanguageModelOptions
        {
            Model = TinyModel.Model,
            FeedForward = feedForward ?? TinyModel.Experts,
            Tokenizer = new ByteTokenizerOptions(),
            Training = new() { Seed = seed, MaxDuration = TimeSpan.FromSeconds(90) },
            Precision = Precision.Float32,
        };
        var used = tokenizer ?? SampleTokenizers.Bytes;
        var network = options.CreateNetwork(used.VocabularySize, CPU);
        return new(options, used, network, [new() { Step = 10, Loss = 5.25, Elapsed = TimeSpan.FromSeconds(1.5) }]);
    }

    public static MemoryStreams Save(StoredModel model)
    {
        var files = new MemoryStreams();
        ModelFolder.Save(files, model);
        return files;
    }

    public static void Dispose(StoredModel model)
    {
        model.Network.Dispose();
        model.Network.Randomness.Dispose();
    }

    /// <summary>Computes the logits of a fixed text, which show whether two networks are the same.</summary>
    public static float[] Logits(TransformerNetwork network)
    {
        using var quiet = inference_mode();
        using var scope = NewDisposeScope();
        using var memory = new SegmentMemory(4);
        network.eval();
        var tokens = arange(4).view(1, 4);
        _ = network.Forward(tokens, memory);
        return network.Logits(network.Forward(tokens, memory).Hidden).data<float>().ToArray();
    }
}
