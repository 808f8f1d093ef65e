using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What steps are measured on: four layers with a vocabulary of 8,000, rows of 256 tokens and a memory that starts
/// empty; forward, backward, clipping and AdamW as training calls them.
/// </summary>
internal sealed class TrainingStep : IDisposable
{
    public const int SegmentLength = 256;
    public const int VocabularySize = 8000;
    public const int LayerCount = 4;
    public const double LearningRate = 1e-4;

    private readonly Randomness _randomness = new(1);

    public TrainingStep(BenchmarkOptions options, FeedForwardOptions block, ScalarType type)
    {
        Network = new(Model(options), block, VocabularySize, type, _randomness);
        Optimizer = new(Network.named_parameters(), new TrainingOptions());
    }

    /// <summary>Gets the network.</summary>
    public TransformerNetwork Network { get; }

    /// <summary>Gets the optimiser of its parameters.</summary>
    public AdamW Optimizer { get; }

    /// <summary>Gets the shape of the network.</summary>
    public static ModelOptions Model(BenchmarkOptions options) => new()
    {
        ModelSize = options.ModelSize,
        LayerCount = LayerCount,
        HeadCount = 4,
        SegmentLength = SegmentLength,
        MemoryLength = 0,
    };

    /// <summary>Draws a batch, [rows, T + 1].</summary>
    public static Tensor Batch(BenchmarkOptions options, int seed)
    {
        var random = new Random(seed);
        var rows = Math.Max(1, options.Tokens / SegmentLength);
        long[] tokens =
            [.. Enumerable.Range(0, rows * (SegmentLength + 1)).Select(_ => random.NextInt64(VocabularySize))];
        return from_array(tokens).view(rows, -1);
    }

    /// <summary>Makes a step; nothing of it stays but the moved weights.</summary>
    public void Run(Tensor batch)
    {
        using var scope = NewDisposeScope();
        Backward(batch);
        var norm = GradientNorm.Of(Optimizer.Gradients());
        Optimizer.Step(LearningRate, GradientNorm.ClipScale(norm, 1));
        Optimizer.ClearGradients();
    }

    /// <summary>Computes the loss and leaves its gradients at the parameters.</summary>
    public Tensor Backward(Tensor batch)
    {
        using var memory = new SegmentMemory(0);
        var loss = Network.Loss(batch, memory).Total;
        loss.backward();
        return loss;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Optimizer.Dispose();
        Network.Dispose();
        _randomness.Dispose();
    }
}
