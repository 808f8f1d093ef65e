using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Every backend against the dumb reference, all outputs and gradients, over ugly sizes.</summary>
public sealed class ExpertBackendTests
{
    /// <summary>Gets (backend, tokens, d_model, experts, expert size, active experts, spread, bias, mask).</summary>
    public static TheoryData<string, int, int, int, int, int, Spread, bool, bool> Problems
    {
        get
        {
            var data = new TheoryData<string, int, int, int, int, int, Spread, bool, bool>();
            foreach (var backend in Backends.Keys)
            {
                data.Add(backend, 1, 8, 4, 3, 2, Spread.Random, false, false);
                data.Add(backend, 1, 1, 1, 1, 1, Spread.Random, false, false);
                data.Add(backend, 7, 5, 3, 1, 3, Spread.Random, true, true);
                data.Add(backend, 33, 13, 5, 7, 1, Spread.AllToTheFirst, true, false);
                data.Add(backend, 100, 32, 8, 16, 4, Spread.Random, false, true);
                data.Add(backend, 129, 36, 16, 20, 2, Spread.AllToTheFirst, false, false);
                data.Add(backend, 300, 70, 6, 33, 6, Spread.Random, true, false);
                data.Add(backend, 517, 64, 32, 32, 4, Spread.Random, false, false);
            }

            return data;
        }
    }

    // Tolerances relative to the largest number: float32 sums of some hundred terms; bfloat16 keeps eight bits.
    private static Dictionary<string, (IExpertBackend Backend, double Tolerance)> Backends { get; } = new()
    {
        ["libtorch float32"] = (new TorchExpertBackend(ScalarType.Float32), 5e-6),
        ["libtorch bfloat16"] = (new TorchExpertBackend(ScalarType.BFloat16), 1e-2),
        ["fused bfloat16"] = (new BFloat16ExpertBackend(), 1e-2),
    };

    [Theory]
    [MemberData(nameof(Problems))]
    public void ForwardAndBackward_GivenAnyProblem_EqualTheDumbReference(
        string name, int tokens, int modelSize, int experts, int expertSize, int active, Spread spread, bool bias, bool mask)
    {
        Assert.SkipUnless(Brgemm.IsAvailable || !name.StartsWith("fused", StringComparison.Ordinal), "This processor has no bfloat16.");
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var problem = new ExpertProblem(tokens, modelSize, experts, expertSize, active, spread, bias, mask);
        var (backend, tolerance) = Backends[name];
        var inputs = Inputs(problem);
        var batch = ExpertBatch.Create(from_array(problem.Choices), experts);
        var sorted = problem.Mask is null ? null : from_array(problem.Mask).flatten(0, 1).index_select(0, batch.Slots);
        var forward = backend.Forward(inputs, batch, sorted);
        var by = backend.Backward(from_array(problem.Gradient), inputs, batch, sorted, forward.Hidden);

        var wanted = new DumbExperts(problem).Run();
        TensorAssert.Close(from_array(wanted.Output), forward.Output, tolerance, "output");
        TensorAssert.Close(from_array(wanted.ByToken), by.Tokens, tolerance, "gradient by token");
        TensorAssert.Close(from_array(wanted.ByGate), by.Gates, tolerance, "gradient by gate");
        TensorAssert.Close(from_array(wanted.ByUp), by.Up, tolerance, "gradient by up");
        TensorAssert.Close(from_array(wanted.ByDown), by.Down, tolerance, "gradient by down");
        if (bias)
        {
            TensorAssert.Close(from_array(wanted.ByBias), by.UpBias!, tolerance, "gradient by bias");
        }
    }

    [Fact]
    public void Create_GivenChoices_SortsSlotsByExpertAndKeepsTokensInOrder()
    {
        using var scope = NewDisposeScope();
        var batch = ExpertBatch.Create(from_array(new long[,] { { 2, 0 }, { 0, 3 }, { 2, 3 } }), 5);
        Assert.Equal([0, 2, 2, 4, 6, 6], batch.Offsets);
        Assert.Equal([1L, 2, 0, 4, 3, 5], batch.Slots.data<long>().ToArray());
        Assert.Equal([0L, 1, 0, 2, 1, 2], batch.Tokens.data<long>().ToArray());
    }

    private static ExpertInputs Inputs(ExpertProblem problem) => new(
        from_array(problem.Tokens),
        from_array(problem.Gates),
        from_array(problem.Up),
        from_array(problem.Down),
        problem.Bias is null ? null : from_array(problem.Bias));
}
