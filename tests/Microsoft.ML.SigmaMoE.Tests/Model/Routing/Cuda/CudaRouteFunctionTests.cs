using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>The routers' kernels on the emulator against the same formulas in libtorch's operations.</summary>
public sealed class CudaRouteFunctionTests
{
    /// <summary>Gets (formula's number, tokens, experts, K, δ, whether scores of their own choose).</summary>
    public static TheoryData<int, int, int, int, double, bool> Problems
    {
        get
        {
            var data = new TheoryData<int, int, int, int, double, bool>();
            foreach (var formula in Enum.GetValues<RouteFormula>())
            {
                data.Add((int)formula, 1, 1, 1, 0, false);
                data.Add((int)formula, 1, 7, 7, 0, false);
                data.Add((int)formula, 129, 16, 4, 0, false);
                data.Add((int)formula, 40, 70, 3, 0.25, false);
                data.Add((int)formula, 129, 16, 4, 0, true);
                data.Add((int)formula, 40, 70, 3, 0.25, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Problems))]
    public void Apply_GivenAnyLogits_EqualsTheOperationsOfLibtorch(
        int formula, int tokens, int experts, int active, double dropout, bool hasScores)
    {
        using var scope = NewDisposeScope();
        var (drawn, scores) = (dropout > 0 ? rand(tokens, experts) : null, hasScores ? randn(tokens, experts) : null);
        var (logits, factors) = (randn(tokens, experts).requires_grad_(), randn(tokens, experts));
        var route = CudaRouteFunction.Apply(Emulated((RouteFormula)formula, active), logits, drawn, dropout, scores);
        (route.Weights * factors.gather(1, route.Experts)).sum().backward();

        var same = logits.detach().requires_grad_();
        var (weights, places) = Libtorch((RouteFormula)formula, same, scores, drawn, dropout, active);
        (weights * factors.gather(1, places)).sum().backward();
        TensorAssert.Same(places, route.Experts, "experts");
        TensorAssert.Close(weights.detach(), route.Weights, 1e-6, "weights");
        TensorAssert.Close(same.grad!, logits.grad!, 1e-6, "gradient");
        TensorAssert.Same(places, route.Counted.Chosen, "choices that the experts' kernels read");
        TensorAssert.Same(
            stack(places.split(CountedChoices.BlockTokens).Select(block => block.flatten().bincount(null, experts))),
            route.Counted.Counts, "counts");
    }

    [Fact]
    public void Apply_WithoutAGradient_GivesTheSame()
    {
        using var scope = NewDisposeScope();
        var (routes, logits) = (Emulated(RouteFormula.Softmax, 3), randn(9, 8));
        var expected = CudaRouteFunction.Apply(routes, logits.requires_grad_(), null, 0);
        using var quiet = no_grad();
        var actual = CudaRouteFunction.Apply(routes, logits, null, 0);
        TensorAssert.Same(expected.Weights.detach(), actual.Weights);
        Assert.False(actual.Weights.requires_grad);
    }

    [Fact]
    public void ForwardAndBackward_OfTensorsThatAreNotDense_ComputeTheSame()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var (routes, logits, gradient) = (Emulated(RouteFormula.Softmax, 3), randn(9, 8), randn(9, 3));
        var (dense, odd) = (routes.Forward(logits, null, 0), routes.Forward(logits.t().contiguous().t(), null, 0));
        TensorAssert.Same(dense.Weights, odd.Weights);
        TensorAssert.Same(
            routes.Backward(gradient, logits, dense.Weights, dense.Counted.Chosen),
            routes.Backward(gradient.t().contiguous().t(), logits.t().contiguous().t(), odd.Weights, odd.Counted.Chosen));
    }

    private static (Tensor Weights, Tensor Places) Libtorch(
        RouteFormula formula, Tensor logits, Tensor? scores, Tensor? drawn, double dropout, int active)
    {
        var values = formula switch
        {
            RouteFormula.Sigmoid => logits.sigmoid(),
            RouteFormula.Softmax => logits.softmax(-1),
            _ => logits,
        };
        var onlyChooses = scores is not null || formula == RouteFormula.SoftmaxOfChosen;
        Tensor Left(Tensor of) =>
            drawn is null ? of : of.masked_fill(drawn < dropout, onlyChooses ? double.NegativeInfinity : 0);
        var (_, places) = Left(scores ?? values).topk(active, dim: -1, sorted: true);
        var weights = (onlyChooses ? values : Left(values)).gather(1, places);
        return (formula == RouteFormula.SoftmaxOfChosen ? weights.softmax(-1) : weights, places);
    }

    private static CudaRoutes Emulated(RouteFormula formula, int active)
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        return new(EmulatedKernels.On(EmulatedKernels.Driver()), formula, active);
    }
}
