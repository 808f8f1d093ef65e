using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ExpertActivationTests
{
    public static MatrixTheoryData<Activation, ScalarType> Problems => new(Enum.GetValues<Activation>(), [ScalarType.Float32, ScalarType.BFloat16]);

    [Theory]
    [MemberData(nameof(Problems))]
    public void ForwardAndBackward_GivenAnActivation_EqualTheDumbReference(Activation activation, ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var problem = new ExpertProblem(33, 13, 5, 7, 2, Spread.Random, bias: true, mask: true);
        var tolerance = type == ScalarType.Float32 ? 5e-6 : 1e-2;
        var inputs = Inputs(problem, activation);
        var batch = ExpertBatch.Create(from_array(problem.Choices), problem.Experts);
        var mask = from_array(problem.Mask!).flatten(0, 1).index_select(0, batch.Slots);
        var backend = new TorchExpertBackend(type);
        var forward = backend.Forward(inputs, batch, mask);
        var by = backend.Backward(from_array(problem.Gradient), inputs, batch, mask, forward.Hidden);

        var wanted = new DumbExperts(problem, activation).Run();
        TensorAssert.Close(from_array(wanted.Output), forward.Output, tolerance, "output");
        TensorAssert.Close(from_array(wanted.ByToken), by.Tokens, tolerance, "gradient by token");
        TensorAssert.Close(from_array(wanted.ByGate), by.Gates, tolerance, "gradient by gate");
        TensorAssert.Close(from_array(wanted.ByUp), by.Up, tolerance, "gradient by up");
        TensorAssert.Close(from_array(wanted.ByDown), by.Down, tolerance, "gradient by down");
        TensorAssert.Close(from_array(wanted.ByBias), by.UpBias!, tolerance, "gradient by bias");
    }

    [Theory]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.GeluTanh)]
    [InlineData(Activation.Silu)]
    public void For_AnActivationThatTilesDoNotKnow_IsLibtorch(Activation activation)
    {
        using var scope = NewDisposeScope();
        var inputs = Inputs(new ExpertProblem(4, 8, 2, 3, 1, Spread.Random, bias: false, mask: false), activation);
        Assert.IsType<TorchExpertBackend>(ExpertBackends.For(ScalarType.BFloat16, inputs));
        Assert.IsType<TorchExpertBackend>(ExpertBackends.For(ScalarType.Float32, inputs));
        Assert.False(BFloat16ExpertBackend.Takes(inputs));
    }

    private static ExpertInputs Inputs(ExpertProblem problem, Activation activation) => new(
        from_array(problem.Tokens),
        from_array(problem.Gates),
        from_array(problem.Up),
        from_array(problem.Down),
        problem.Bias is null ? null : from_array(problem.Bias))
    {
        Activation = activation,
    };
}
