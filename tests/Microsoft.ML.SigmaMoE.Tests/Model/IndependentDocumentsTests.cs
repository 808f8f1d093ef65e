using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class IndependentDocumentsTests
{
    private const int Separator = 3;
    private static readonly int[] Before = [1, 2, 0, 1];
    private static readonly int[] Document = [Separator, 2, 1, 4, 0, 2, 2, 1, 0];

    [Theory]
    [InlineData(13, 0)]
    [InlineData(13, 8)]
    [InlineData(4, 16)]
    [InlineData(3, 9)]
    [InlineData(1, 9)]
    public void Forward_ADocumentAfterAnother_GivesWhatItGivesAlone(int segment, int capacity)
    {
        using var scope = NewDisposeScope();
        using var network = TinyModel.Network(TinyModel.Experts, TinyModel.Model);
        using var quiet = inference_mode();
        network.eval();
        var alone = Read(network, Document, Document.Length, capacity: 0, separator: null);
        var after = Read(network, [.. Before, .. Document], segment, capacity, Separator).narrow(
            1, Before.Length, Document.Length);
        var mixed = Read(network, [.. Before, .. Document], segment, capacity, separator: null).narrow(
            1, Before.Length, Document.Length);
        TensorAssert.Close(alone, after, 1e-5, "hidden states");
        Assert.True(
            (alone - mixed).abs().max().item<float>() > 1e-3,
            "What stood before makes no difference without a separator.");
    }

    [Fact]
    public void Loss_ARowOfTwoDocuments_GivesTheGradientOfBoth()
    {
        using var scope = NewDisposeScope();
        using var network = TinyModel.Network(TinyModel.Experts, TinyModel.Model);
        network.train();
        (Loss(network, [Separator, 2, 1, 4, Separator], null) * 4).backward();                  // sums over predictions
        (Loss(network, [Separator, 1, 0, 4], null) * 3).backward();
        var wanted = Gradients(network);
        network.zero_grad();
        (Loss(network, [Separator, 2, 1, 4, Separator, 1, 0, 4], Separator) * 7).backward();
        var got = Gradients(network);
        Assert.Contains("layers.0.attention.query", got.Keys);
        Assert.All(wanted, pair => TensorAssert.Close(pair.Value, got[pair.Key], 1e-5, pair.Key));
    }

    private static Tensor Loss(TransformerNetwork network, int[] tokens, int? separator)
    {
        using var memory = new SegmentMemory(0, separator);
        return network.Loss(
            tensor(tokens.Select(token => (long)token).ToArray(), [1, tokens.Length]), memory).CrossEntropy;
    }

    private static Dictionary<string, Tensor> Gradients(TransformerNetwork network) => network.named_parameters()
        .Where(pair => pair.parameter.grad is not null)
        .ToDictionary(pair => pair.name, pair => pair.parameter.grad!.clone());

    private static Tensor Read(TransformerNetwork network, int[] tokens, int segment, int capacity, int? separator)
    {
        using var memory = new SegmentMemory(capacity, separator);
        return cat([.. tokens.Chunk(segment).Select(part =>
            network.Forward(tensor(part.Select(token => (long)token).ToArray(), [1, part.Length]), memory).Hidden)], 1);
    }
}
