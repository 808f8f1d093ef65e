using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Measures a network on a text. The text is cut into contiguous streams, each read from its start to its end with
/// memory carried over; what does not fill a segment of every stream is read by the last one alone, so that every
/// token but the first is predicted exactly once. Losses are summed over tokens. Where so many streams do not fit into
/// memory, it begins again with half as many, and so do all later measurements.
/// </summary>
internal sealed class Evaluator
{
    private readonly TransformerNetwork _network;
    private readonly TokenFile _tokens;
    private readonly long _maxTokens;
    private readonly int? _separator;
    private int _rows;

    /// <param name="network">What is measured; not owned.</param>
    /// <param name="tokens">The text; not owned.</param>
    /// <param name="batchSize">The number of streams; fewer where the text is short.</param>
    /// <param name="separator">The token between independent documents, or null where the text is one.</param>
    /// <param name="maxTokens">
    /// About how many tokens are predicted at most, those at the start of every stream, or null for all.
    /// </param>
    public Evaluator(
        TransformerNetwork network, TokenFile tokens, int batchSize, int? separator = null, long? maxTokens = null)
    {
        (_network, _tokens, _separator, _maxTokens) = (network, tokens, separator, maxTokens ?? long.MaxValue);
        _rows = (int)Math.Min(batchSize, (tokens.TokenCount - 1) / network.Model.SegmentLength);
    }

    /// <summary>Gets how many streams are read side by side: fewer after memory ran out.</summary>
    public int Streams => _rows;

    /// <summary>Reads the text once, without dropout. Leaves the network in the mode in which it was.</summary>
    /// <exception cref="OperationCanceledException">Asked for between two segments.</exception>
    public EvaluationResult Run(CancellationToken cancellationToken)
    {
        var wasTraining = _network.training;
        _network.eval();
        try
        {
            while (true)
            {
                try
                {
                    return Read(cancellationToken);
                }
                catch (Exception fault) when (_rows > 1 && MemoryExhaustion.Explains(fault))
                {
                    _rows /= 2;
                }
            }
        }
        finally
        {
            _network.train(wasTraining);
        }
    }

    private EvaluationResult Read(CancellationToken cancellationToken)
    {
        using var quiet = inference_mode();
        using var memory =
            new SegmentMemory(_network.Model.EffectiveEvaluationMemoryLength, _separator) { KeepsKeys = true };
        var total = new EvaluationResult(0, 0, (double)_tokens.Utf8ByteCount / _tokens.TokenCount);
        var end = ReadStreams(ref total, memory, cancellationToken);
        return _maxTokens >= _tokens.TokenCount - 1 || _rows == 0
            ? ReadRest(total, end, memory, cancellationToken)
            : total;
    }

    // Returns where the last stream ended.
    private long ReadStreams(ref EvaluationResult total, SegmentMemory memory, CancellationToken cancellationToken)
    {
        if (_rows == 0)
        {
            return 0;
        }

        var stream = new TokenStream(_tokens, _rows, _network.Model.SegmentLength);
        var perStep = (long)_rows * _network.Model.SegmentLength;
        var steps = Math.Clamp(_maxTokens / perStep, 1, stream.StepsPerEpoch);
        for (var step = 0L; step < steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            total = Add(total, stream.Next(), memory);
        }

        return perStep * stream.StepsPerEpoch;
    }

    private EvaluationResult ReadRest(
        EvaluationResult total, long start, SegmentMemory memory, CancellationToken cancellationToken)
    {
        KeepLastRow(memory);
        while (start + 1 < _tokens.TokenCount)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var time = Math.Min(_network.Model.SegmentLength, _tokens.TokenCount - 1 - start);
            var segment = new long[time + 1];
            _tokens.Read(start, segment);
            total = Add(total, tensor(segment, [1, time + 1]), memory);
            start += time;
        }

        return total;
    }

    private static void KeepLastRow(SegmentMemory memory)
    {
        using var scope = NewDisposeScope();
        memory.Restore(
            [.. memory.Layers.Select(layer => layer.narrow(0, layer.size(0) - 1, 1).clone())], memory.Open.TakeLast(1));
    }

    private EvaluationResult Add(EvaluationResult total, Tensor tokens, SegmentMemory memory)    // [batch, time + 1]
    {
        var count = tokens.size(0) * (tokens.size(1) - 1);
        var mean = _network.Loss(TokenUpload.To(tokens, _network.Device), memory).CrossEntropy.item<float>();
        return total with { TokenCount = total.TokenCount + count, TotalNats = total.TotalNats + (count * (double)mean) };
    }
}
