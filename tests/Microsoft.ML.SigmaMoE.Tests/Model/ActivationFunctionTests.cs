using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ActivationFunctionTests
{
    private static readonly float[] Places = [-8, -3.5f, -1, -0.25f, -1e-3f, 1e-3f, 0.3f, 1, 2, 5.5f, 9];

    public static TheoryData<Activation> All => [.. Enum.GetValues<Activation>()];

    [Theory]
    [MemberData(nameof(All))]
    public void ApplyAndDerivative_GivenNumbers_EqualTheDefinition(Activation activation)
    {
        using var scope = NewDisposeScope();
        var function = ActivationFunction.Of(activation);
        var x = tensor(Places);
        TensorAssert.Close(
            tensor(Places.Select(place => (float)ScalarActivation.Value(activation, place)).ToArray()),
            function.Apply(x), 1e-6);
        TensorAssert.Close(
            tensor(Places.Select(place => (float)ScalarActivation.Slope(activation, place)).ToArray()),
            function.Derivative(x), 1e-5);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Apply_WithAGradient_HasTheDerivative(Activation activation)
    {
        using var scope = NewDisposeScope();
        var function = ActivationFunction.Of(activation);
        var x = tensor(Places).requires_grad_(true);
        function.Apply(x).sum().backward();
        TensorAssert.Close(function.Derivative(x.detach()), x.grad!, 1e-5);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Apply_GivenBFloat16_KeepsTheType(Activation activation)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(bfloat16, ActivationFunction.Of(activation).Apply(tensor(Places).to(bfloat16)).dtype);
    }

    [Fact]
    public void Of_AnActivationThatIsNone_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ActivationFunction.Of((Activation)99));
}
