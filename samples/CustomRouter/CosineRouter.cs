using Microsoft.ML.SigmaMoE;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CustomRouter;

/// <summary>Scores experts by the angle between token and expert, so that long tokens and long rows win nothing.</summary>
internal sealed class CosineRouter : Router
{
    [ComponentName(Name = "rows")] private readonly Parameter _rows;  // [experts, d_model]
    private readonly double _temperature;
    private readonly int _active;

    public CosineRouter(RouterContext context, double temperature)
        : base(nameof(CosineRouter), context)
    {
        _rows = context.NormalParameter(1, context.Mixture.ExpertCount, context.ModelSize);
        (_temperature, _active) = (temperature, context.Mixture.ActiveExperts);
        RegisterComponents();
    }

    public override Routing Route(Tensor x)                                      // [batch, time, d_model]
    {
        var tokens = nn.functional.normalize(x.flatten(0, 1), dim: -1);          // [tokens, d_model]
        var rows = nn.functional.normalize(_rows, dim: -1);                      // [experts, d_model]
        var logits = matmul(tokens, rows.t()) / _temperature;                    // [tokens, experts]
        var (weights, experts) = logits.softmax(-1).topk(_active, dim: -1);      // [tokens, K]
        return new(experts, weights, logits);
    }
}
