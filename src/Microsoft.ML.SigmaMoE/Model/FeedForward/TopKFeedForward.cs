using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// h = dropout(relu(W₁ x + b₁)), h'_j = h_j where h_j is at least the K-th largest of the token, else 0, and W₂ h' + b₂
/// (section 3.1 of the paper). Ranking has no gradient.
/// </summary>
internal sealed class TopKFeedForward : FeedForward
{
    [ComponentName(Name = "up")] private readonly Parameter _up;              // [d_ff, d_model]
    [ComponentName(Name = "up_bias")] private readonly Parameter _upBias;     // [d_ff]
    [ComponentName(Name = "down")] private readonly Parameter _down;          // [d_model, d_ff]
    [ComponentName(Name = "down_bias")] private readonly Parameter _downBias; // [d_model]
    [ComponentName(Name = "dropout")] private readonly InvertedDropout _dropout;
    private readonly TopKOptions _options;
    private readonly MixedLinear _linear;

    public TopKFeedForward(TopKOptions options, BlockContext context)
        : base(nameof(TopKFeedForward))
    {
        (_options, _linear) = (options, context.Linear);
        var modelSize = context.Model.ModelSize;
        _up = WeightInitialization.LayerLinear(options.HiddenSize, modelSize, context);
        _upBias = WeightInitialization.Constant([options.HiddenSize], 0);
        _down = WeightInitialization.LayerLinear(modelSize, options.HiddenSize, context);
        _downBias = WeightInitialization.Constant([modelSize], 0);
        _dropout = new InvertedDropout(context.Model.Dropout, context.Randomness);
        RegisterComponents();
    }

    public override FeedForwardOutput forward(Tensor x)                         // [batch, time, d_model]
    {
        var largest = Largest(Hidden(x)).flatten(0, 1);                         // [tokens, d_ff]
        return new(Contract(largest).view(x.shape));                            // [batch, time, d_model]
    }

    /// <summary>Computes the whole hidden layer, [batch, time, d_ff].</summary>
    internal Tensor Hidden(Tensor x)
    {
        return _dropout.forward(_linear.Expand(x, _up, _upBias).relu());
    }

    /// <summary>Sets all but each token's K largest hidden numbers to 0.</summary>
    internal Tensor Largest(Tensor hidden) => hidden.Fill(IsSmall(hidden.detach()), 0);

    private Tensor Contract(Tensor largest) =>                                  // [tokens, d_ff]
        SparseLinear.Pays(largest.size(0), _options.ActiveChannels, _options.HiddenSize)
            && SparseLinear.Takes(largest, _down)
            ? SparseLinear.Apply(largest, _down).Plus(_downBias)
            : _linear.Apply(largest, _down, _downBias);

    private Tensor IsSmall(Tensor hidden)                                       // [batch, time, d_ff]
    {
        var ranked = _options.RankByContribution ? hidden * _down.detach().norm(0) : hidden;
        var (largest, _) = ranked.topk(_options.ActiveChannels, dim: -1, sorted: false);
        return ranked.less(largest.amin([-1], keepdim: true));
    }
}
