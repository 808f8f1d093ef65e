using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A router's kernel as one step of automatic differentiation: from logits to weights.</summary>
internal sealed class CudaRouteFunction : GuardedFunction<CudaRouteFunction>
{
    public override string Name => nameof(CudaRouteFunction);

    /// <summary>Chooses and weighs; records a gradient only where one is wanted.</summary>
    /// <param name="routes">Who computes.</param>
    /// <param name="logits">[tokens, experts].</param>
    /// <param name="drawn">As for <see cref="CudaRoutes.Forward"/>.</param>
    /// <param name="dropout">δ.</param>
    /// <param name="scores">As for <see cref="CudaRoutes.Forward"/>; no gradient flows through them.</param>
    public static CudaRoute Apply(
        CudaRoutes routes, Tensor logits, Tensor? drawn, double dropout, Tensor? scores = null)
    {
        if (!is_grad_enabled())
        {
            return routes.Forward(logits, drawn, dropout, scores);
        }

        var call = new Call(routes, drawn, dropout, scores);
        var weights = apply(logits, call);
        return new(call.Experts!, weights, call.Counted!);
    }

    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var (logits, call) = ((Tensor)vars[0], (Call)vars[1]);
        (call.Experts, var weights, call.Counted) = call.Routes.Forward(logits, call.Drawn, call.Dropout, call.Scores);
        // the output itself would hold the node that holds it
        ctx.save_for_backward([logits, weights.detach(), call.Counted.Chosen]);
        ctx.save_data(nameof(Call), call);
        return weights;
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var call = (Call)ctx.get_data(nameof(Call));
        var saved = ctx.get_saved_variables();
        var byLogits = call.Routes.Backward(grad_output, saved[0], saved[1], saved[2]);
        return [byLogits, null!];
    }

    private sealed record Call(CudaRoutes Routes, Tensor? Drawn, double Dropout, Tensor? Scores)
    {
        public Tensor? Experts { get; set; }

        public CountedChoices? Counted { get; set; }
    }
}
