using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Where a network drops numbers in training: its loss beside that of its formulas, which drop at the paper's places
/// what the network drew, in the same order.
/// </summary>
public sealed class NetworkDropoutTests
{
    private const double Probability = 0.3;

    private static readonly ModelOptions Model = new()
    {
        ModelSize = 10,
        LayerCount = 2,
        HeadCount = 3,
        HeadSize = 5,
        SegmentLength = 7,
        MemoryLength = 7,
        Dropout = Probability,
    };

    // the widths of what is drawn: embedding; in each layer attention, hidden numbers, block; the output layer's input
    public static TheoryData<FeedForwardOptions, long[]> Blocks => new()
    {
        { new DenseOptions { HiddenSize = 13 }, [10, 10, 13, 10, 10, 13, 10, 10] },
        { new TopKOptions { HiddenSize = 17, ActiveChannels = 4 }, [10, 10, 17, 10, 10, 17, 10, 10] },
        { new ProductKeyMemoryOptions { SubKeyCount = 5, HeadCount = 2 }, [10, 10, 10, 10, 10, 10] },
        { TinyModel.Experts, [10, 10, 10, 10, 10, 10] },
    };

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Loss_OfTwoSegments_DropsWhatTheFormulasDrop(FeedForwardOptions block, long[] widths)
    {
        using var scope = NewDisposeScope();
        var tensors = new CaseTensors(seed: 3);
        var weights = ExactWeights.Model(Model, block, 19, tensors);
        var randomness = new RecordingRandomness(5);
        using var network = TinyModel.Network(block, Model, 19, randomness: randomness);
        tensors.Load(network);
        network.train();
        using var memory = new SegmentMemory(Model.MemoryLength);
        var drawn = new Queue<Tensor>();
        var exact = new ExactModel(Model, block, weights, x => Drop(x, drawn.Dequeue()));
        for (var segment = 0; segment < 2; segment++)
        {
            randomness.Forget();
            var row = tensors.Tokens(19, 2 * 8).view(2, 8);
            var loss = network.Loss(row, memory).CrossEntropy;
            Assert.Equal(widths.Select(width => 2 * 7 * width), randomness.Uniforms.Select(uniform => uniform.numel()));

            randomness.Uniforms.ForEach(drawn.Enqueue);
            var (logits, _) = exact.Read(row.narrow(1, 0, 7), training: true);
            Assert.True(exact.Margin > ExactMargin.Least);
            TensorAssert.Close(ExactModel.Loss(logits, row.narrow(1, 1, 7)).mean(), loss, Tolerances.Forward, "loss");
        }

        Assert.Empty(drawn);
    }

    [Fact]
    public void Forward_InEvaluation_DropsNothing()
    {
        using var scope = NewDisposeScope();
        var randomness = new RecordingRandomness(5);
        using var network = TinyModel.Network(model: Model, vocabularySize: 19, randomness: randomness);
        network.eval();
        randomness.Forget();
        using var memory = new SegmentMemory(Model.MemoryLength);
        network.Logits(network.Forward(zeros([2, 7], dtype: ScalarType.Int64), memory).Hidden);
        Assert.Empty(randomness.Uniforms);
    }

    // inverted: what stays grows
    private static Tensor Drop(Tensor x, Tensor uniform) =>
        x * uniform.view(x.shape).to(float64).greater_equal(Probability).to(float64) / (1 - Probability);
}
