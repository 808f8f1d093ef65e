using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// σ-MoE in float64 by operations that compute every expert for every token and weigh those that were not chosen with
/// 0: too simple to be wrong, and too slow to use.
/// </summary>
internal static class LayerReference
{
    /// <summary>
    /// Computes the largest distance between a block's results and the reference, over the length of the reference:
    /// output, gradients by input and by both matrices of the experts. The reference reads numbers as the block does:
    /// rounded, where it computes in bfloat16, for else rounding alone would turn neurons near zero on and off.
    /// </summary>
    public static double Error(FeedForward block, MixtureOfExpertsOptions options, Tensor input, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var weights = block.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter);
        var x = input.detach().requires_grad_();
        var output = block.forward(x);
        output.Hidden.backward([input]);
        Tensor[] actual = [output.Hidden.detach(), x.grad!, weights["expert_up"].grad!, weights["expert_down"].grad!];
        var wanted = Reference(weights, options, input, output.Routing!.Experts, type);
        var worst = actual.Zip(wanted, Distance).Max();
        foreach (var parameter in weights.Values)
        {
            parameter.grad = null;
        }

        return worst;
    }

    private static Tensor[] Reference(
        Dictionary<string, Parameter> weights, MixtureOfExpertsOptions options, Tensor input, Tensor experts,
        ScalarType type)
    {
        Tensor Read(Tensor tensor) => tensor.detach().to(type).to(ScalarType.Float64);
        var x = Read(input).requires_grad_();
        var up = Read(weights["expert_up"]).requires_grad_();
        var down = Read(weights["expert_down"]).requires_grad_();
        var selection = weights["router.selection"].detach().to(ScalarType.Float64);
        var scores = MatrixProduct.Of(x.flatten(0, 1), selection.t()).sigmoid();  // [tokens, experts]
        var chosen = zeros_like(scores).scatter(1, experts, ones_like(scores));   // [tokens, experts]
        var gates = scores * chosen.detach();                                     // [tokens, experts]
        var y = zeros_like(x).flatten(0, 1);                                      // [tokens, d_model]
        for (var expert = 0; expert < options.ExpertCount; expert++)
        {
            var hidden = MatrixProduct.Of(x.flatten(0, 1), up[expert].t()).relu();            // [tokens, expert size]
            y = y.Plus(MatrixProduct.Of(hidden, down[expert]) * gates.narrow(1, expert, 1));  // [tokens, d_model]
        }

        y.backward([Read(input).flatten(0, 1)]);
        return [y.detach().view(x.shape), x.grad!, up.grad!, down.grad!];
    }

    private static double Distance(Tensor actual, Tensor wanted) =>
        ((actual.to(ScalarType.Float64) - wanted).norm() / wanted.norm()).item<double>();
}
