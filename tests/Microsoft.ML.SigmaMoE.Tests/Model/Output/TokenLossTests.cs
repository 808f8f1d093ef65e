using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TokenLossTests
{
    [Theory]
    [InlineData(1, 1, 1f)]
    [InlineData(5, 7, 1f)]
    [InlineData(131, 33, 0.25f)]
    [InlineData(64, 1000, 1f)]
    public void Apply_OnTheProcessor_EqualsLibtorchsOperationsForwardAndBackward(int tokens, int vocabulary, float scale)
    {
        using var scope = NewDisposeScope();
        using var randomness = new Randomness(9);
        var (logits, bias) = (randomness.Normal([tokens, vocabulary]) * 3, randomness.Normal([vocabulary]));
        var targets = (randomness.Uniform([tokens]) * vocabulary).to(ScalarType.Int64);
        var wanted = Run(TokenLoss.Compose, logits, bias, targets, scale);
        var got = Run(TokenLoss.Apply, logits, bias, targets, scale);
        TensorAssert.Close(wanted.Loss, got.Loss, 1e-6, "loss");
        TensorAssert.Close(wanted.ByLogits, got.ByLogits, 1e-6, "gradient by logits");
        TensorAssert.Close(wanted.ByBias, got.ByBias, 1e-6, "gradient by bias");
    }

    [Fact]
    public void Apply_InBFloat16_EqualsLibtorchsOperationsUpToRounding()
    {
        using var scope = NewDisposeScope();
        using var randomness = new Randomness(9);
        var logits = randomness.Normal([40, 50]).to(ScalarType.BFloat16);
        var (bias, targets) = (randomness.Normal([50]), (randomness.Uniform([40]) * 50).to(ScalarType.Int64));
        var wanted = Run(TokenLoss.Compose, logits, bias, targets, 1);
        var got = Run(TokenLoss.Apply, logits, bias, targets, 1);
        TensorAssert.Close(wanted.Loss, got.Loss, 1e-5, "loss");
        Assert.Equal(ScalarType.BFloat16, got.ByLogits.dtype);
        TensorAssert.Close(wanted.ByLogits * 40, got.ByLogits * 40, 4e-3, "gradient by logits");
    }

    [Fact]
    public void Apply_GivenALogitThatIsNoNumber_GivesALossThatIsNone()
    {
        using var scope = NewDisposeScope();
        var logits = zeros(3, 40);
        logits[1, 7] = float.NaN;
        var loss = TokenLoss.Apply(logits.requires_grad_(true), zeros(40), zeros(3, dtype: ScalarType.Int64));
        Assert.True(float.IsNaN(loss.item<float>()));
    }

    private static (Tensor Loss, Tensor ByLogits, Tensor ByBias) Run(
        Func<Tensor, Tensor, Tensor, Tensor> loss, Tensor logits, Tensor bias, Tensor targets, float scale)
    {
        var (a, b) = (logits.clone().requires_grad_(true), bias.clone().requires_grad_(true));
        var value = loss(a, b, targets);
        (value * scale).backward();
        return (value, a.grad!, b.grad!);
    }
}
