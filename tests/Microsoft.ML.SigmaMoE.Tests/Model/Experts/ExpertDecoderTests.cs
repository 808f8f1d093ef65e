using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ExpertDecoderTests
{
    [Theory]
    [InlineData(1, 8, 4, 3, 2, false)]
    [InlineData(1, 1, 1, 1, 1, true)]
    [InlineData(3, 13, 5, 65, 5, true)]
    [InlineData(5, 70, 6, 130, 2, false)]
    [InlineData(8, 32, 16, 16, 4, true)]
    [InlineData(2, 12, 512, 2, 7, false)]
    [InlineData(2, 512, 8, 128, 4, true)] // enough weights for two threads
    public void Decode_GivenAnyProblem_EqualsTheDumbReference(
        int tokens, int modelSize, int experts, int expertSize, int active, bool bias)
    {
        using var scope = NewDisposeScope();
        var problem = new ExpertProblem(
            tokens, modelSize, experts, expertSize, active, Spread.Random, bias, mask: false);
        var inputs = new ExpertInputs(
            from_array(problem.Tokens), from_array(problem.Gates), from_array(problem.Up), from_array(problem.Down),
            problem.Bias is null ? null : from_array(problem.Bias));
        int[] choices = [.. problem.Choices.Cast<long>().Select(choice => (int)choice)];
        var output = ExpertDecoder.Decode(inputs, packed: null, choices, [.. problem.Gates.Cast<float>()]);
        TensorAssert.Close(from_array(new DumbExperts(problem).Run().Output), output, 5e-6);
    }

    [Theory]
    [InlineData(1, 8, 4, 3, 2, false)]
    [InlineData(1, 1, 1, 1, 1, true)]
    [InlineData(3, 13, 5, 65, 5, true)]
    [InlineData(5, 70, 6, 130, 2, false)]
    [InlineData(8, 33, 16, 16, 4, true)]
    [InlineData(2, 12, 512, 2, 7, false)]
    [InlineData(2, 512, 8, 128, 4, true)]
    public void Decode_WithPackedWeights_IsTheSameOfRoundedWeights(
        int tokens, int modelSize, int experts, int expertSize, int active, bool bias)
    {
        Assert.SkipUnless(Brgemm.IsAvailable, "Nothing is packed where there are no tiles in bfloat16.");
        using var scope = NewDisposeScope();
        var problem = new ExpertProblem(
            tokens, modelSize, experts, expertSize, active, Spread.Random, bias, mask: false);
        var inputs = new ExpertInputs(
            from_array(problem.Tokens), from_array(problem.Gates), Rounded(problem.Up), Rounded(problem.Down),
            problem.Bias is null ? null : from_array(problem.Bias));
        int[] choices = [.. problem.Choices.Cast<long>().Select(choice => (int)choice)];
        float[] gates = [.. problem.Gates.Cast<float>()];
        using var packed = PackedExperts.All(inputs.Up, inputs.Down);
        TensorAssert.Close(
            ExpertDecoder.Decode(inputs, packed: null, choices, gates),
            ExpertDecoder.Decode(inputs, packed, choices, gates), 5e-6);
    }

    [Theory]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.GeluTanh)]
    [InlineData(Activation.Silu)]
    public void Decode_WithAnotherActivation_EqualsTheDumbReference(Activation activation)
    {
        using var scope = NewDisposeScope();
        var problem = new ExpertProblem(3, 33, 5, 70, 2, Spread.Random, bias: true, mask: false);
        var inputs = new ExpertInputs(
            from_array(problem.Tokens), from_array(problem.Gates), from_array(problem.Up), from_array(problem.Down),
            from_array(problem.Bias!))
        {
            Activation = activation,
        };
        int[] choices = [.. problem.Choices.Cast<long>().Select(choice => (int)choice)];
        float[] gates = [.. problem.Gates.Cast<float>()];
        var wanted = from_array(new DumbExperts(problem, activation).Run().Output);
        TensorAssert.Close(wanted, ExpertDecoder.Decode(inputs, packed: null, choices, gates), 5e-6);
        if (Brgemm.IsAvailable)
        {
            // weights that bfloat16 holds exactly
            using var packed = PackedExperts.All(inputs.Up, inputs.Down);
            TensorAssert.Close(wanted, ExpertDecoder.Decode(inputs, packed, choices, gates), 5e-6);
        }
    }

    [Fact]
    public void Decode_OfWhatIsNoNumber_ShowsItInTheResult()
    {
        using var scope = NewDisposeScope();
        var inputs = new ExpertInputs(
            TensorNumbers.Full([1, 4], double.NaN), ones(1, 1), ones(1, 2, 4), ones(1, 2, 4), null);
        Assert.True(ExpertDecoder.Decode(inputs, packed: null, [0], [1f]).isnan().all().item<bool>());
        if (Brgemm.IsAvailable)
        {
            using var packed = PackedExperts.All(inputs.Up, inputs.Down);
            Assert.True(ExpertDecoder.Decode(inputs, packed, [0], [1f]).isnan().all().item<bool>());
        }
    }

    private static Tensor Rounded(Array weights) => from_array(weights).to(bfloat16).to(float32);
}
