using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class RotaryDocumentReaderTests
{
    private static readonly int[] Document = [0, 3, 7, 1, 10, 2, 2, 9, 4, 8, 5, 6, 1, 3];

    [Theory]
    [InlineData(20, 0, 1)]
    [InlineData(5, 0, 1)]
    [InlineData(5, 0, 3)]
    [InlineData(4, 3, 2)]
    public void Read_InPiecesOfAnySize_AgreesWithScoringTheDocumentWhole(int segment, int memory, int piece)
    {
        var model = TinyModel.Model with
        {
            SegmentLength = segment,
            MemoryLength = memory,
            Attention = new RotaryAttentionOptions(),
            TiedEmbeddings = true,
        };
        using var network = TinyModel.Network(model: model);
        network.eval();
        using var quiet = inference_mode();
        var expected = new BatchScorer(network, new()).Score([Document], ScoreParts.LogLikelihoods, default).TokenLogLikelihoods[0];
        using var reader = new DocumentReader(network);
        for (var start = 0; start + 1 < Document.Length; start += piece)
        {
            var end = Math.Min(start + piece, Document.Length - 1);
            using var logits = tensor(reader.Read(Document.AsSpan(start..end)));
            Assert.Equal(expected[end - 1], logits.log_softmax(0)[Document[end]].item<float>(), 1e-5);
        }
    }
}
