using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Multi-head attention with relative positions as in Transformer-XL (Dai et al. 2019), with a learned logit scale:
/// logit = scale · [(q_i + u) · k_j + (q_i + v) · W_r S(r)], r = j − (i + M).
/// </summary>
internal sealed class RelativeAttention : Attention
{
    [ComponentName(Name = "query")] private readonly Parameter _query;                 // [heads · head, d_model]
    [ComponentName(Name = "key_value")] private readonly Parameter _keyValue;          // [heads · 2 · head, d_model]
    [ComponentName(Name = "position")] private readonly Parameter _position;           // [heads · head, d_model]
    [ComponentName(Name = "merge")] private readonly Parameter _merge;                 // [d_model, heads · head]
    [ComponentName(Name = "content_bias")] private readonly Parameter _contentBias;    // u: [heads, head]
    [ComponentName(Name = "position_bias")] private readonly Parameter _positionBias;  // v: [heads, head]
    [ComponentName(Name = "scale")] private readonly Parameter _scale;                 // [1]

    // The authors' model counts this parameter and stores it, but nothing reads it: it never gets a gradient.
    [ComponentName(Name = "unused_bias")] private readonly Parameter _unusedBias;    // [1]

    private readonly MixedLinear _linear;
    private readonly FrozenWeights _frozen;
    private readonly int _heads;
    private readonly int _headSize;
    private readonly int _reach;

    public RelativeAttention(BlockContext context)
        : base(nameof(RelativeAttention))
    {
        var model = context.Model;
        (_linear, _frozen, _heads, _headSize) =
            (context.Linear, context.Frozen, model.HeadCount, model.EffectiveHeadSize);
        _reach = (int)Math.Min((long)model.SegmentLength + model.EffectiveEvaluationMemoryLength, KeptPlaces.Most);
        var projected = _heads * _headSize;
        _query = WeightInitialization.LayerLinear(projected, model.ModelSize, context);
        _keyValue = WeightInitialization.LayerLinear(2 * projected, model.ModelSize, context);
        _position = WeightInitialization.LayerLinear(projected, model.ModelSize, context);
        _merge = WeightInitialization.LayerLinear(model.ModelSize, projected, context);
        _contentBias = WeightInitialization.Constant([_heads, _headSize], 0);
        _positionBias = WeightInitialization.Constant([_heads, _headSize], 0);
        _scale = WeightInitialization.Constant([1], 1 / Math.Sqrt(_headSize));
        _unusedBias = WeightInitialization.Constant([1], 0);
        _unusedBias.requires_grad = false;
        RegisterComponents();
    }

    public override Tensor Forward(Tensor queries, Tensor context, SegmentPositions positions) =>
        Attend(queries, _linear.Apply(context, _keyValue), (RelativePositions)positions);

    public override (Tensor Attended, Tensor Kept) Read(Tensor queries, Tensor? earlier, SegmentPositions positions)
    {
        var own = _linear.Apply(queries, _keyValue);                                   // [batch, T, heads · 2 · head]
        var all = earlier is null ? own : cat([earlier, own], 1);                      // [batch, S, heads · 2 · head]
        return (Attend(queries, all, (RelativePositions)positions), own);
    }

    public override Tensor Forward(Tensor queries, AttentionCache cache, SegmentPositions positions)
    {
        var seen = positions.Windows.Keys;                                             // S
        var isAlone = queries.size(1) == 1 && queries.device_type == DeviceType.CPU;
        var type = queries.device_type == DeviceType.CPU ? ScalarType.Float32 : _linear.Type;
        var (keys, values) = KeysAndValues(queries);                                   // [batch, heads, T, head]
        cache.Append(keys.to(type), values.to(type));
        cache.Reach(
            seen,
            count => Places(count, () => RelativePositions.Encode(count, queries.size(2), queries.device)).to(type));
        if (isAlone)
        {
            var (byContent, byPosition) = Queries(queries);                            // [batch, heads, 1, head]
            return Merge(CachedAttention.Apply(byContent, byPosition, cache, (int)seen));
        }

        var (allKeys, allValues, places) = cache.Latest(seen);
        var probabilities = Probabilities(
            queries, allKeys.to(_linear.Type), places.to(_linear.Type), (RelativePositions)positions);
        return Merge(probabilities, allValues.to(_linear.Type));                       // [batch, T, d_model]
    }

    /// <summary>Computes the attention probabilities, [batch, heads, T, S], in the compute type.</summary>
    internal Tensor Probabilities(Tensor queries, Tensor keys, RelativePositions positions) =>
        Probabilities(
            queries, keys, Places(positions.Windows.Keys, () => positions.Sinusoids).transpose(1, 2), positions);

    /// <summary>Projects [batch, S, d_model] to keys and values, each [batch, heads, S, head].</summary>
    internal (Tensor Keys, Tensor Values) KeysAndValues(Tensor context) => Heads(_linear.Apply(context, _keyValue));

    // keysAndValues: [batch, S, heads · 2 · head]
    private Tensor Attend(Tensor queries, Tensor keysAndValues, RelativePositions positions)
    {
        if (RelativeAttentionFunction.Takes(_linear.Type, queries, positions.Windows))
        {
            return Merge(RelativeAttentionFunction.Apply(Inputs(queries, keysAndValues, positions), positions.Windows));
        }

        var (keys, values) = Heads(keysAndValues);                                     // [batch, heads, S, head]
        return Merge(Probabilities(queries, keys, positions), values);                 // [batch, T, d_model]
    }

    // Each as its matrix leaves it, with the heads side by side.
    private AttentionInputs Inputs(Tensor queries, Tensor keysAndValues, RelativePositions positions) => new(
        _linear.Apply(queries, _query),
        keysAndValues,
        Projected(positions.Windows.Keys, () => positions.Sinusoids),
        _contentBias,
        _positionBias,
        _scale);

    // [batch, S, heads · 2 · head] → keys and values, each [batch, heads, S, head]
    private (Tensor Keys, Tensor Values) Heads(Tensor keysAndValues)
    {
        var parts = keysAndValues.view(keysAndValues.size(0), -1, _heads, 2, _headSize).permute(3, 0, 2, 1, 4);
        return (parts[0], parts[1]);
    }

    // places: [heads, head, S]
    private Tensor Probabilities(Tensor queries, Tensor keys, Tensor places, RelativePositions positions)
    {
        var (byContent, byPosition) = Queries(queries); // [batch, heads, T, head]
        var content = MatrixProduct.Of(byContent, keys.transpose(2, 3)); // [batch, heads, T, S]
        return RelativeSoftmax.Apply(content, MatrixProduct.Of(byPosition, places), positions); // [batch, heads, T, S]
    }

    // The positions 1 − count … 0, [heads, count, head].
    private Tensor Places(long count, Func<Tensor> sinusoids) =>
        Projected(count, sinusoids).view(-1, _heads, _headSize).transpose(0, 1);

    // The same, [count, heads · head].
    private Tensor Projected(long count, Func<Tensor> sinusoids) =>
        count <= _reach && _frozen.Keep(_position, ProjectAll) is { } all
            ? all.Latest(count)
            : _linear.Apply(sinusoids(), _position);

    private KeptPlaces ProjectAll()
    {
        using var scope = NewDisposeScope();
        var sinusoids = RelativePositions.Encode(_reach, _position.size(1), _position.device);
        return new(_linear.Apply(sinusoids, _position).DetachFromDisposeScope());
    }

    private Tensor Merge(Tensor probabilities, Tensor values)
    {
        var attended = MatrixProduct.Of(probabilities, values);  // [batch, heads, T, head]
        return Merge(attended.transpose(1, 2).flatten(2));       // [batch, T, d_model]
    }

    // [batch, T, heads · head] → [batch, T, d_model]
    private Tensor Merge(Tensor attended) => _linear.Apply(attended, _merge).to(ScalarType.Float32);

    // The learned scale multiplies the queries, which are smaller than the logits.
    private (Tensor ByContent, Tensor ByPosition) Queries(Tensor queries)
    {
        var projected = _linear.Apply(queries, _query).to(ScalarType.Float32);
        var heads = projected.view(queries.size(0), -1, _heads, _headSize);           // [batch, T, heads, head]
        return (Scaled(heads.Plus(_contentBias)), Scaled(heads.Plus(_positionBias)));
    }

    private Tensor Scaled(Tensor heads) => (heads * _scale).to(_linear.Type).transpose(1, 2);
}
