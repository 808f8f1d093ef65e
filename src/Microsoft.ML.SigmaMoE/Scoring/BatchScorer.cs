using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What a batch of rows came to.</summary>
/// <param name="TokenLogLikelihoods">For each row, one number a predicted token; empty where not asked for.</param>
/// <param name="Features">[rows, feature size], row by row; empty where not asked for.</param>
/// <param name="Shares">Expert counts; null where not asked for.</param>
internal sealed record BatchScore(float[][] TokenLogLikelihoods, float[] Features, ExpertShares? Shares);

/// <summary>
/// Runs rows of tokens through a network. A row's first token is given: position i predicts token i + 1 and holds token
/// i's hidden state. Memory starts empty; rows longer than a segment go on through it.
/// </summary>
internal sealed class BatchScorer(TransformerNetwork network, FeatureOptions features)
{
    /// <summary>Scores rows that are ordered from the longest to the shortest, each of at least two tokens.</summary>
    public BatchScore Score(IReadOnlyList<int[]> rows, ScoreParts parts, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        using var pooling = parts.HasFlag(ScoreParts.Features)
            ? new RowPooling(features.Pooling, rows.Count, network.Model.ModelSize, network.Device)
            : null;
        var shares = parts.HasFlag(ScoreParts.ExpertUsage)
            ? new ExpertShares(rows.Count, network.ExpertLayerCount, network.ExpertCount)
            : null;
        float[][] likelihoods =
            [.. rows.Select(row => parts.HasFlag(ScoreParts.LogLikelihoods) ? new float[row.Length - 1] : [])];

        // the state of a row's last token is only needed where states are
        var extra = pooling is null && shares is null ? 0 : 1;
        var isRemembered = rows[0].Length - 1 + extra > network.Model.SegmentLength;
        using var memory = new SegmentMemory(isRemembered ? network.Model.EffectiveEvaluationMemoryLength : 0)
        {
            KeepsKeys = true,
        };
        for (var start = 0; start < rows[0].Length - 1 + extra; start += network.Model.SegmentLength)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var step = NewDisposeScope();
            var segment = RowSegment.Cut(rows, start, network.Model.SegmentLength, extra);
            memory.KeepRows(segment.Rows);
            var output = network.Forward(
                segment.Tokens(network.Device), memory, features.Layer is not null && pooling is not null);
            pooling?.Add(
                features.Layer is { } layer ? output.LayerOutputs[layer - 1] : output.Hidden,
                segment.States(network.Device));
            shares?.Add(output.Routings, segment.Time, segment.FirstState, segment.Ends);
            if (parts.HasFlag(ScoreParts.LogLikelihoods))
            {
                AddLikelihoods(output.Hidden, segment, likelihoods);
            }
        }

        return new(likelihoods, pooling is null ? [] : Read(pooling.Result(features.Normalize)), shares);
    }

    private void AddLikelihoods(Tensor hidden, RowSegment segment, float[][] likelihoods)
    {
        var (places, targets) = segment.Predictions();
        if (places.Length == 0)
        {
            return;
        }

        using var scope = NewDisposeScope();
        var states = hidden.flatten(0, 1).index_select(0, tensor(places, device: hidden.device));   // [predictions, d_model]
        var values = Read(network.Likelihoods(states, tensor(targets, device: hidden.device)));
        segment.Distribute(values, likelihoods);
    }

    private static float[] Read(Tensor tensor)
    {
        using var local = tensor.to(ScalarType.Float32).cpu().contiguous();
        return MemoryMarshal.Cast<byte, float>(local.bytes).ToArray();
    }
}
