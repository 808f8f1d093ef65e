using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// y = Σ over pairs (i, j) of act(score_ij) · values[i · n + j], score_ij = q₁ · first_i + q₂ · second_j, q₁ and q₂ the
/// halves of the input (section 3.2 of the paper). <see cref="ProductKeyMemoryOptions"/> tells which pairs, and over
/// what act runs.
/// </summary>
internal sealed class ProductKeyMemory : FeedForward
{
    [ComponentName(Name = "first_keys")] private readonly Parameter _firstKeys;    // [heads, n, d_model / 2]
    [ComponentName(Name = "second_keys")] private readonly Parameter _secondKeys;  // [heads, n, d_model / 2]
    [ComponentName(Name = "values")] private readonly Parameter _values;           // [n², d_model]
    [ComponentName(Name = "query")] private readonly Parameter? _query;            // [heads · d_model, d_model]
    private readonly ProductKeyMemoryOptions _options;
    private readonly MixedLinear _linear;
    private readonly CandidatePairs _pairs;

    public ProductKeyMemory(ProductKeyMemoryOptions options, BlockContext context)
        : base(nameof(ProductKeyMemory))
    {
        (_options, _linear, _pairs) = (options, context.Linear, new(options.NearestKeys));
        var (modelSize, count) = (context.Model.ModelSize, options.SubKeyCount);
        var gain = WeightInitialization.LayerGain(context.Model.LayerCount);
        long[] keys = [options.HeadCount, count, modelSize / 2];
        _firstKeys = WeightInitialization.Normal(keys, gain / Math.Sqrt(modelSize), context.Randomness);
        _secondKeys = WeightInitialization.Normal(keys, gain / Math.Sqrt(modelSize), context.Randomness);
        var width = options.Initialization == MemoryInitialization.ByValueCount ? count : Math.Sqrt(modelSize);
        _values = WeightInitialization.Normal([(long)count * count, modelSize], gain / width, context.Randomness);
        if (options.QueryProjection)
        {
            _query = WeightInitialization.LayerLinear((long)options.HeadCount * modelSize, modelSize, context);
        }

        RegisterComponents();
    }

    public override FeedForwardOutput forward(Tensor x)                                      // [batch, time, d_model]
    {
        var (first, second) = SubScores(x.flatten(0, 1));                                    // [tokens, heads, n]
        var mixed = _options.IsDense ? MixAll(first, second) : MixNearest(first, second);    // [tokens, d_model]
        return new(mixed.view(x.shape));
    }

    /// <summary>Scores every sub-key against its half of the input, both [tokens, heads, n], float32.</summary>
    internal (Tensor First, Tensor Second) SubScores(Tensor tokens)                           // [tokens, d_model]
    {
        var queries = _query is null
            ? tokens.unsqueeze(1).expand(-1, _options.HeadCount, -1)
            : _linear.Apply(tokens, _query).view(tokens.size(0), _options.HeadCount, -1);
        var halves = queries.to(_linear.Type).transpose(0, 1).chunk(2, -1); // [heads, tokens, d_model / 2]
        return (Score(halves[0], _firstKeys), Score(halves[1], _secondKeys));
    }

    private Tensor Score(Tensor queries, Tensor keys) =>
        MatrixProduct.Of(queries, _linear.Rounded(keys).transpose(1, 2)).transpose(0, 1).to(ScalarType.Float32);

    private Tensor MixAll(Tensor first, Tensor second)                                       // [tokens, heads, n]
    {
        var scores = AllScores(first, second);                                               // [tokens, n²]
        return MatrixProduct.Of(Weights(scores).to(_linear.Type), _linear.Rounded(_values)).to(ScalarType.Float32);
    }

    private Tensor MixNearest(Tensor first, Tensor second)                                   // [tokens, heads, n]
    {
        var (scores, places) = Nearest(first, second); // [tokens, heads · nearest]
        return GatherFunction.Apply(_linear, Weights(scores), _values, places);
    }

    /// <summary>Scores all values for each token, the heads summed, [tokens, n²].</summary>
    internal static Tensor AllScores(Tensor first, Tensor second) => Sums(first.sum([1L]), second.sum([1L]));

    /// <summary>Finds each head's best pairs and their values' places, both [tokens, heads · nearest].</summary>
    // The best pairs of all n² are pairs of the best sub-keys.
    internal (Tensor Scores, Tensor Places) Nearest(Tensor first, Tensor second)
    {
        var (firstScores, firstKeys) = first.topk(_options.NearestKeys, dim: -1);            // [tokens, heads, nearest]
        var (secondScores, secondKeys) = second.topk(_options.NearestKeys, dim: -1);
        var (scores, i, j) = PairFunction.Apply(firstScores, secondScores, _pairs.On(first.device));
        var places = firstKeys.gather(-1, i).TimesWhole(_options.SubKeyCount).Plus(secondKeys.gather(-1, j));
        return (scores.flatten(1), places.flatten(1));
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _pairs.Dispose();
        }

        base.Dispose(disposing);
    }

    private Tensor Weights(Tensor scores) =>
        _options.Activation == MemoryActivation.Softmax ? scores.softmax(-1) : scores.relu();

    private static Tensor Sums(Tensor first, Tensor second) =>
        first.unsqueeze(-1).Plus(second.unsqueeze(-2)).flatten(-2);
}
