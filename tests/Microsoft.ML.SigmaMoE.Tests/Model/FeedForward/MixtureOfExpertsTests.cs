using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class MixtureOfExpertsTests
{
    [Theory]
    [InlineData(1, 1, false)]
    [InlineData(2, 4, true)]
    [InlineData(3, 50, true)]
    public void Decode_OfAnyNumberOfTokens_EqualsForward(int batch, int time, bool bias)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using var randomness = new Randomness(4);
        var context = new BlockContext(TinyModel.Model with { ModelSize = 36 }, float32, randomness);
        var options = new MixtureOfExpertsOptions { ExpertCount = 8, ExpertSize = 20, ActiveExperts = 3, Bias = bias };
        using var block = FeedForward.Create(options, context);
        block.eval();
        foreach (var parameter in block.parameters())
        {
            parameter.copy_(randomness.Normal(parameter.shape).Times(0.3));
        }

        var x = randomness.Normal([batch, time, 36]);
        TensorAssert.Close(block.forward(x).Hidden, block.Decode(x), 5e-6);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 1, 5e-6)]
    [InlineData(ScalarType.Float32, 9, 5e-6)]
    [InlineData(ScalarType.BFloat16, 1, 3e-2)]
    public void Decode_OfADenseBlock_EqualsForward(ScalarType type, int time, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using var randomness = new Randomness(4);
        var context = new BlockContext(TinyModel.Model with { ModelSize = 36 }, type, randomness);
        using var block = FeedForward.Create(new DenseOptions { HiddenSize = 50 }, context);
        block.eval();
        var x = randomness.Normal([1, time, 36]);
        TensorAssert.Close(block.forward(x).Hidden.to(float32), block.Decode(x), tolerance);
    }
}
