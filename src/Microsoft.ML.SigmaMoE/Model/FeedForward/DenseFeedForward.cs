using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>W₂ · dropout(φ(W₁ x + b₁)) + b₂.</summary>
internal sealed class DenseFeedForward : FeedForward
{
    [ComponentName(Name = "up")] private readonly Parameter _up;                // [d_ff, d_model]
    [ComponentName(Name = "up_bias")] private readonly Parameter? _upBias;      // [d_ff]
    [ComponentName(Name = "down")] private readonly Parameter _down;            // [d_model, d_ff]
    [ComponentName(Name = "down_bias")] private readonly Parameter? _downBias;  // [d_model]
    [ComponentName(Name = "dropout")] private readonly InvertedDropout _dropout;
    private readonly ActivationFunction _activation;
    private readonly MixedLinear _linear;

    public DenseFeedForward(DenseOptions options, BlockContext context)
        : base(nameof(DenseFeedForward))
    {
        var modelSize = context.Model.ModelSize;
        (_linear, _activation) = (context.Linear, ActivationFunction.Of(options.Activation));
        _up = WeightInitialization.LayerLinear(options.HiddenSize, modelSize, context);
        _down = WeightInitialization.LayerLinear(modelSize, options.HiddenSize, context);
        if (options.Bias)
        {
            _upBias = WeightInitialization.Constant([options.HiddenSize], 0);
            _downBias = WeightInitialization.Constant([modelSize], 0);
        }

        _dropout = new InvertedDropout(context.Model.Dropout, context.Randomness);
        RegisterComponents();
    }

    public override FeedForwardOutput forward(Tensor x)                         // [batch, time, d_model]
    {
        var expanded = _linear.Expand(x, _up, _upBias);
        var hidden = _dropout.forward(_activation.Apply(expanded));             // [batch, time, d_ff]
        return new(_linear.Apply(hidden, _down, _downBias));                    // [batch, time, d_model]
    }
}
