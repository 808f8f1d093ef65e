using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class DocumentReaderTests
{
    private const int Separator = 0;
    private static readonly int[] Document = [3, 7, 1, 10, 2, 2, 9, 4, 8, 5, 6, 1, 3, 3, 10, 7, 4];

    public static MatrixTheoryData<int, int, bool, int> Shapes => new([1, 3, 5], [0, 2, 40], [false, true], [1, 2, 7]);

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Read_InPiecesOfAnySize_AgreesWithScoringTheDocumentWhole(
        int segment, int memory, bool sameLength, int piece)
    {
        var model = TinyModel.Model with { SegmentLength = segment, EvaluationMemoryLength = memory, SameLengthEvaluation = sameLength };
        using var network = Network(model);
        var expected = new BatchScorer(network, new()).Score([[Separator, .. Document]], ScoreParts.LogLikelihoods, default).TokenLogLikelihoods[0];
        using var reader = new DocumentReader(network);
        int[] read = [Separator, .. Document];
        for (var start = 0; start < Document.Length; start += piece)
        {
            var end = Math.Min(start + piece, Document.Length);
            var logits = reader.Read(read.AsSpan(start..end));
            Assert.Equal(expected[end - 1], LogLikelihood(logits, Document[end - 1]), 1e-5);
        }
    }

    [Fact]
    public void Read_InsideOneSegment_AgreesWithOneForwardPass()
    {
        using var network = Network(TinyModel.Model with { SegmentLength = 32 });
        using var quiet = inference_mode();
        using var scope = NewDisposeScope();
        int[] read = [Separator, .. Document];
        var whole = network.Logits(
            network.Forward(tensor(read, [1, read.Length], dtype: int64), new SegmentMemory(0)).Hidden);
        using var reader = new DocumentReader(network);
        for (var place = 0; place < read.Length; place++)
        {
            TensorAssert.Close(whole[0, place], tensor(reader.Read([read[place]])), 1e-5);
        }
    }

    [Theory]
    [InlineData(7, 0, false)]
    [InlineData(16, 40, false)]
    [InlineData(16, 24, true)]
    public void Read_OfALongDocument_EqualsRecomputation(int segment, int memory, bool sameLength)
    {
        var model = TinyModel.Model with { SegmentLength = segment, EvaluationMemoryLength = memory, SameLengthEvaluation = sameLength };
        Compare(model, TinyModel.Experts, ScalarType.Float32, (wanted, got, read) =>
            TensorAssert.Close(wanted, got, 1e-5, $"logits after {read} tokens"));
    }

    // Single logits of either way may be 0.05 from float32's, by rounding alone; all together are 0.004 from them.
    // Every token takes every expert: else rounding sends some elsewhere.
    [Theory]
    [InlineData(16, 40, false)]
    [InlineData(16, 24, true)]
    public void Read_OfALongDocumentInBFloat16_EqualsRecomputationUpToRounding(int segment, int memory, bool sameLength)
    {
        var model = TinyModel.Model with { SegmentLength = segment, EvaluationMemoryLength = memory, SameLengthEvaluation = sameLength };
        var (squares, count) = (0.0, 0L);
        Compare(model, TinyModel.Experts with { ActiveExperts = 4 }, ScalarType.BFloat16, (wanted, got, _) =>
        {
            squares += (wanted - got).square().sum().item<float>();
            count += got.numel();
        });
        Assert.InRange(Math.Sqrt(squares / count), 0, 1e-2);
    }

    private static void Compare(
        ModelOptions model, MixtureOfExpertsOptions experts, ScalarType type, Action<Tensor, Tensor, int> check)
    {
        using var randomness = new Randomness(3);
        using var network = new TransformerNetwork(model, experts, 11, type, randomness);
        network.eval();
        using var cached = new DocumentReader(network);
        using var truth = new RecomputingReader(network);
        var random = new Random(5);
        for (var read = 0; read < 300;)
        {
            using var scope = NewDisposeScope();
            int[] piece = [.. Enumerable.Range(0, random.Next(8) == 0 ? 20 : 1).Select(_ => random.Next(11))];
            check(tensor(truth.Read(piece)), tensor(cached.Read(piece)), read);
            read += piece.Length;
        }
    }

    [Fact]
    public void Read_OfNothing_Throws()
    {
        using var network = Network(TinyModel.Model);
        using var reader = new DocumentReader(network);
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Read([]));
    }

    [Fact]
    public void Read_WhenCancelled_Throws()
    {
        using var network = Network(TinyModel.Model);
        using var reader = new DocumentReader(network);
        Assert.Throws<OperationCanceledException>(
            () => reader.Read([Separator], new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Read_OfALongDocument_KeepsOnlyTheMemoryAlive()
    {
        using var network = Network(TinyModel.Model);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (var reader = new DocumentReader(network))
        {
            for (var token = 0; token < 100; token++)
            {
                reader.Read([token % 11]);
                var kept = 3 * TinyModel.Model.LayerCount;            // keys, values, positions
                Assert.InRange(DisposeScopeManager.Statistics.ThreadTotalLiveCount - before, 0, kept);
            }
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static TransformerNetwork Network(ModelOptions model)
    {
        var network = TinyModel.Network(model: model);
        network.eval();
        return network;
    }

    private static double LogLikelihood(float[] logits, int token) =>
        logits[token] - Math.Log(logits.Sum(logit => Math.Exp(logit)));
}
