using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class BatchScorerTests
{
    private const int Separator = 10;
    private const ScoreParts Everything = ScoreParts.LogLikelihoods | ScoreParts.Features | ScoreParts.ExpertUsage;

    private static readonly int[][] Rows =
    [
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1],
        [5, 5, 5, 5],
        [4, 3, 2],
        [7],
    ];

    [Fact]
    public void Score_GivenABatch_EqualsRowsScoredAlone()
    {
        using var network = Network(segment: 4, memory: 3);
        var together = Score(network, Rows);
        foreach (var (index, row) in Rows.Index())
        {
            var alone = Score(network, [row]);
            Close(alone.TokenLogLikelihoods[0], together.TokenLogLikelihoods[index]);
            Close(alone.Features, together.Features[(index * 8)..((index + 1) * 8)]);
            Assert.Equal(alone.Shares!.Row(0), together.Shares!.Row(index));
        }
    }

    [Fact]
    public void Score_GivenRowsLongerThanASegment_ReadsThemWholeThroughTheMemory()
    {
        using var whole = Network(segment: 64, memory: 0);
        using var cut = Network(segment: 4, memory: 64);
        var (wanted, got) = (Score(whole, Rows), Score(cut, Rows));
        foreach (var (one, other) in wanted.TokenLogLikelihoods.Zip(got.TokenLogLikelihoods))
        {
            Close(one, other);
        }

        Close(wanted.Features, got.Features);
    }

    [Fact]
    public void Score_GivenTokens_EqualsTheNetworksOwnProbabilities()
    {
        using var network = Network(segment: 64, memory: 0);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using var memory = new SegmentMemory(0);
        var row = Rows[0];
        var read = tensor(row.Prepend(Separator).Select(id => (long)id).ToArray(), [1, row.Length + 1]);
        var output = network.Forward(read, memory, keepLayerOutputs: true);
        var logs = network.Logits(output.Hidden).log_softmax(-1);
        var wanted = row.Select((token, place) => logs[0, place, token].item<float>()).ToArray();
        Close(wanted, Score(network, [row]).TokenLogLikelihoods[0]);

        var states = output.LayerOutputs[0][0].narrow(0, 1, row.Length);
        Close(
            states.amax([0]).data<float>().ToArray(),
            Score(network, [row], new() { Layer = 1, Pooling = PoolingKind.Max }).Features);
        Close(
            states[-1].data<float>().ToArray(),
            Score(network, [row], new() { Layer = 1, Pooling = PoolingKind.Last }).Features);
        var mean = states.mean([0]);
        var both = cat([mean, states.amax([0])]);
        Close(
            both.data<float>().ToArray(),
            Score(network, [row], new() { Layer = 1, Pooling = PoolingKind.MeanAndMax }).Features);
        Close(
            (mean / mean.norm()).data<float>().ToArray(),
            Score(network, [row], new() { Layer = 1, Normalize = true }).Features);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    public void Score_GivenTheSecondMoment_AveragesTheProductsOfEverySlotPair(int? layer)
    {
        using var network = Network(segment: 4, memory: 64);
        using var whole = Network(segment: 64, memory: 0);
        var features = Score(network, Rows, new() { Pooling = PoolingKind.SecondMoment, Layer = layer }).Features;
        var size = features.Length / Rows.Length;
        foreach (var (index, row) in Rows.Index())
        {
            Close(DumbSecondMoment(States(whole, row, layer)), features[(index * size)..((index + 1) * size)]);
        }
    }

    [Fact]
    public void Score_GivenANormalizedSecondMoment_HasLengthOne()
    {
        using var network = Network(segment: 4, memory: 4);
        var options = new FeatureOptions { Pooling = PoolingKind.SecondMoment, Normalize = true };
        var features = Score(network, [Rows[0]], options).Features;
        Assert.Equal(1, Math.Sqrt(features.Sum(value => (double)value * value)), 1e-5);
    }

    [Fact]
    public void Score_GivenOnlyFeatures_LeavesLikelihoodsAndUsageOut()
    {
        using var network = Network(segment: 4, memory: 4);
        var score = new BatchScorer(network, new()).Score([.. Rows.Select(Begun)], ScoreParts.Features, default);
        Assert.All(score.TokenLogLikelihoods, Assert.Empty);
        Assert.Null(score.Shares);
        Assert.Equal(Rows.Length * 8, score.Features.Length);
    }

    [Fact]
    public void Score_GivenOnlyFeaturesAndUsage_NeverReadsTheOutputMatrix()
    {
        using var network = Network(segment: 4, memory: 4);
        var expected = Score(network, Rows);
        network.get_parameter("output")!.Dispose();
        var parts = ScoreParts.Features | ScoreParts.ExpertUsage;
        var score = new BatchScorer(network, new()).Score([.. Rows.Select(Begun)], parts, default);
        Close(expected.Features, score.Features);
        Assert.Equal(expected.Shares!.Row(0), score.Shares!.Row(0));
        Assert.ThrowsAny<InvalidOperationException>(() => Score(network, Rows)); // likelihoods need it
    }

    [Fact]
    public void Score_GivenExperts_CountsEachTokenOnceALayer()
    {
        using var network = Network(segment: 4, memory: 4);
        var shares = Score(network, Rows).Shares!;
        for (var row = 0; row < Rows.Length; row++)
        {
            var of = shares.Row(row);
            Assert.Equal(1, of[..4].Sum(), 1e-5f);
            Assert.Equal(1, of[4..].Sum(), 1e-5f);
            Assert.All(
                of,
                share => Assert.Equal(Math.Round(share * Rows[row].Length * 2), share * Rows[row].Length * 2, 1e-4));
        }
    }

    [Fact]
    public void Score_GivenACancelledToken_Stops()
    {
        using var network = Network(segment: 4, memory: 4);
        var scorer = new BatchScorer(network, new());
        Assert.Throws<OperationCanceledException>(
            () => scorer.Score([.. Rows.Select(Begun)], Everything, new CancellationToken(canceled: true)));
    }

    private static TransformerNetwork Network(int segment, int memory)
    {
        var network = TinyModel.Network(model: TinyModel.Model with { SegmentLength = segment, MemoryLength = memory });
        network.eval();
        return network;
    }

    // [time][d_model]: the states of a row's own tokens
    private static float[][] States(TransformerNetwork network, int[] row, int? layer)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using var memory = new SegmentMemory(0);
        var read = tensor(row.Prepend(Separator).Select(id => (long)id).ToArray(), [1, row.Length + 1]);
        var output = network.Forward(read, memory, keepLayerOutputs: true);
        var states = layer is { } number ? output.LayerOutputs[number - 1] : output.Hidden;
        return [.. Enumerable.Range(1, row.Length).Select(place => states[0, place].data<float>().ToArray())];
    }

    private static float[] DumbSecondMoment(float[][] states)
    {
        var moments = new List<float>();
        for (var one = 0; one < states[0].Length; one++)
        {
            for (var other = one; other < states[0].Length; other++)
            {
                moments.Add((float)states.Average(state => (double)state[one] * state[other]));
            }
        }

        return [.. moments];
    }

    private static BatchScore Score(TransformerNetwork network, int[][] rows, FeatureOptions? features = null)
    {
        using var quiet = no_grad();
        return new BatchScorer(network, features ?? new()).Score([.. rows.Select(Begun)], Everything, default);
    }

    // what is read of a row: the given token first
    private static int[] Begun(int[] row) => [Separator, .. row];

    private static void Close(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }
}
