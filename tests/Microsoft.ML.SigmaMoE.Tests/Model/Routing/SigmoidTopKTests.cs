using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class SigmoidTopKTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(37, 16, 4)]
    [InlineData(500, 5, 5)]
    [InlineData(64, 512, 8)]
    public void Apply_GivenAnyLogits_EqualsTheOperationsOfLibtorch(int tokens, int experts, int active)
    {
        using var scope = NewDisposeScope();
        var (logits, factors) = (randn(tokens, experts).requires_grad_(), randn(tokens, experts));
        var (chosen, weights) = SigmoidTopK.Apply(logits, active);
        (weights * factors.gather(1, chosen)).sum().backward();

        var same = logits.detach().requires_grad_();
        var (wanted, places) = same.sigmoid().topk(active, dim: -1);
        (wanted * factors.gather(1, places)).sum().backward();
        TensorAssert.Same(places, chosen, "experts");
        TensorAssert.Close(wanted.detach(), weights, 1e-6, "weights");
        TensorAssert.Close(same.grad!, logits.grad!, 1e-6, "gradient");
    }

    [Fact]
    public void Apply_WithoutAGradient_GivesTheSame()
    {
        using var scope = NewDisposeScope();
        var logits = randn(100, 8);
        var expected = SigmoidTopK.Apply(logits, 3);
        using var quiet = no_grad();
        var actual = SigmoidTopK.Apply(logits, 3);
        TensorAssert.Same(expected.Experts, actual.Experts);
        TensorAssert.Same(expected.Weights, actual.Weights);
    }
}
