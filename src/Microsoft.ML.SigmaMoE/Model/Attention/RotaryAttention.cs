using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Multi-head attention with rotary positions and biases: logit = rotated q_i · rotated k_j / √head. Queries and keys
/// may be normalised first, by one normalisation for all heads.
/// </summary>
internal sealed class RotaryAttention : Attention
{
    // for each head: its rows of queries, of keys, of values
    [ComponentName(Name = "query_key_value")] private readonly Parameter _queryKeyValue; // [heads · 3 · head, d_model]
    [ComponentName(Name = "query_key_value_bias")] private readonly Parameter _queryKeyValueBias; // [heads · 3 · head]
    [ComponentName(Name = "merge")] private readonly Parameter _merge; // [d_model, heads · head]
    [ComponentName(Name = "merge_bias")] private readonly Parameter _mergeBias; // [d_model]
    [ComponentName(Name = "query_norm")] private readonly LayerNorm? _queryNorm;
    [ComponentName(Name = "key_norm")] private readonly LayerNorm? _keyNorm;
    private readonly MixedLinear _linear;
    private readonly int _heads;
    private readonly int _headSize;

    public RotaryAttention(RotaryAttentionOptions options, BlockContext context)
        : base(nameof(RotaryAttention))
    {
        var model = context.Model;
        (_linear, _heads, _headSize) = (context.Linear, model.HeadCount, model.EffectiveHeadSize);
        var projected = _heads * _headSize;
        _queryKeyValue = WeightInitialization.LayerLinear(3 * projected, model.ModelSize, context);
        _queryKeyValueBias = WeightInitialization.Constant([3 * projected], 0);
        _merge = WeightInitialization.LayerLinear(model.ModelSize, projected, context);
        _mergeBias = WeightInitialization.Constant([model.ModelSize], 0);
        if (options.NormalizeQueriesAndKeys)
        {
            _queryNorm = nn.LayerNorm(_headSize, model.NormalizationEpsilon);
            _keyNorm = nn.LayerNorm(_headSize, model.NormalizationEpsilon);
        }

        RegisterComponents();
    }

    public override Tensor Forward(Tensor queries, Tensor context, SegmentPositions positions)
    {
        var (q, k, v) = Project(context); // [batch, heads, S, head]
        var time = queries.size(1);
        return Attend(q.narrow(2, context.size(1) - time, time), k, v, (RotaryPositions)positions);
    }

    // What is kept are keys as they are before rotation: places count from the oldest key that is seen.
    public override (Tensor Attended, Tensor Kept) Read(Tensor queries, Tensor? earlier, SegmentPositions positions)
    {
        var (q, k, v) = Project(queries);                                            // [batch, heads, T, head]
        var own = cat([k, v], -1).transpose(1, 2);                                   // [batch, T, heads, 2 · head]
        var all = (earlier is null ? own : cat([earlier, own], 1)).transpose(1, 2);  // [batch, heads, S, 2 · head]
        var attended = Attend(
            q, all.narrow(3, 0, _headSize), all.narrow(3, _headSize, _headSize), (RotaryPositions)positions);
        return (attended, own);
    }

    // The cache keeps keys as they are before rotation: places count from the oldest key that is seen.
    public override Tensor Forward(Tensor queries, AttentionCache cache, SegmentPositions positions)
    {
        var seen = positions.Windows.Keys;  // S
        var (q, k, v) = Project(queries);   // [batch, heads, T, head]
        cache.Append(k, v);
        var first = cache.First + cache.Length - seen;
        return Attend(
            q, cache.Keys.narrow(2, first, seen), cache.Values.narrow(2, first, seen), (RotaryPositions)positions);
    }

    // Keys and values are those of all S places, queries those of the last T.
    private Tensor Attend(Tensor queries, Tensor keys, Tensor values, RotaryPositions positions)
    {
        var (q, k) = (positions.Rotate(queries).to(_linear.Type), positions.Rotate(keys).to(_linear.Type));
        var logits = MatrixProduct.Of(q, k.transpose(2, 3)).to(ScalarType.Float32).Over(Math.Sqrt(_headSize));
        var hidden = positions.Windows.Hidden(logits.device);
        var visible = logits.Fill(hidden, double.NegativeInfinity).softmax(-1);              // [batch, heads, T, S]
        var attended = MatrixProduct.Of(visible.to(_linear.Type), values.to(_linear.Type));  // [batch, heads, T, head]
        return _linear.Apply(attended.transpose(1, 2).flatten(2), _merge, _mergeBias);       // [batch, T, d_model]
    }

    // [batch, places, d_model] → normalised queries and keys, and values, each [batch, heads, places, head]
    private (Tensor Queries, Tensor Keys, Tensor Values) Project(Tensor x)
    {
        var all = _linear.Apply(x, _queryKeyValue, _queryKeyValueBias); // [batch, places, heads · 3 · head]
        var parts = all.view(x.size(0), -1, _heads, 3, _headSize).permute(3, 0, 2, 1, 4);
        return (_queryNorm?.forward(parts[0]) ?? parts[0], _keyNorm?.forward(parts[1]) ?? parts[1], parts[2]);
    }
}
