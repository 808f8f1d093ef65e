using System.Runtime.Intrinsics;
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
                data.Add(backend, 150, 412, 4, 128, 2, Spread.Random, false, false);
                data.Add(backend, 210, 100, 5, 104, 2, Spread.Random, true, true); // rows just below a power of two
                data.Add(backend, 70, 490, 3, 230, 2, Spread.Random, false, false);
                data.Add(backend, 40, 24, 512, 5, 8, Spread.Random, true, false);
                data.Add(backend, 19, 20, 2, 4096, 1, Spread.Random, false, true);
                data.Add(backend, 20, 200, 24, 70, 3, Spread.Random, true, true); // threads share neurons
                data.Add(backend, 9, 300, 40, 20, 2, Spread.Random, false, false); // threads share experts
            }

            return data;
        }
    }

    // Tolerances relative to the largest number: float32 sums of some hundred terms; bfloat16 keeps eight bits.
    private static Dictionary<string, (IExpertPasses Backend, double Tolerance)> Backends { get; } = new()
    {
        ["libtorch float32"] = (new TorchExpertBackend(ScalarType.Float32), 5e-6),
        ["libtorch bfloat16"] = (new TorchExpertBackend(ScalarType.BFloat16), 1e-2),
        ["fused bfloat16"] = (new BFloat16ExpertBackend(), 1e-2),
        ["fused float32, 512 bits"] = (new Float32Experts<Lanes512, Vector512<float>, VectorRelu>(), 5e-6),
        ["fused float32, 256 bits"] = (new Float32Experts<Lanes256, Vector256<float>, VectorRelu>(), 5e-6),
    };

    [Theory]
    [MemberData(nameof(Problems))]
    public void ForwardAndBackward_GivenAnyProblem_EqualTheDumbReference(
        string name, int tokens, int modelSize, int experts, int expertSize, int active, Spread spread, bool bias,
        bool mask)
    {
        Assert.SkipUnless(
            Brgemm.IsAvailable || !name.StartsWith("fused bfloat16", StringComparison.Ordinal),
            "This processor has no bfloat16.");
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var problem = new ExpertProblem(tokens, modelSize, experts, expertSize, active, spread, bias, mask);
        var (backend, tolerance) = Backends[name];
        var inputs = Inputs(problem);
        var batch = ExpertBatch.Create(from_array(problem.Choices), experts);
        var factors = problem.Mask is null ? null : from_array(problem.Mask).flatten(0, 1);
        var forward = backend.Forward(inputs, batch, factors);
        var by = backend.Backward(from_array(problem.Gradient), inputs, batch, factors, forward.Hidden);

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

    [Theory]
    [InlineData("fused float32, 512 bits")]
    [InlineData("fused bfloat16")]
    public void ForwardAndBackward_Twice_GiveTheSameBits(string name)
    {
        Assert.SkipUnless(Brgemm.IsAvailable || name != "fused bfloat16", "This processor has no bfloat16.");
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var problem = new ExpertProblem(517, 64, 8, 40, 3, Spread.Random, bias: true, mask: false);
        var (backend, inputs) = (Backends[name].Backend, Inputs(problem));
        var batch = ExpertBatch.Create(from_array(problem.Choices), problem.Experts);
        Tensor[] Run()
        {
            var (output, hidden) = backend.Forward(inputs, batch, null);
            var by = backend.Backward(from_array(problem.Gradient), inputs, batch, null, hidden);
            return [output, by.Tokens, by.Gates, by.Up, by.Down, by.UpBias!];
        }

        var first = Run();
        Assert.All(Run().Zip(first), pair => TensorAssert.Same(pair.Second, pair.First));
    }

    [Fact]
    public void For_OnAProcessorWithVectors_ChoosesAFusedBackend()
    {
        using var scope = NewDisposeScope();
        var inputs = new ExpertInputs(ones(2, 4), ones(2, 1), ones(2, 3, 4), ones(2, 3, 4), null);
        Assert.Equal(
            Float32ExpertBackend.IsAvailable, ExpertBackends.For(ScalarType.Float32, inputs) is Float32ExpertBackend);
        Assert.Equal(Brgemm.IsAvailable, ExpertBackends.For(ScalarType.BFloat16, inputs) is BFloat16ExpertBackend);
        Assert.IsType<TorchExpertBackend>(ExpertBackends.For(ScalarType.Float64, inputs));
    }

    [Fact]
    public void Create_GivenChoices_SortsSlotsByExpertAndKeepsTokensInOrder()
    {
        using var scope = NewDisposeScope();
        var batch = ExpertBatch.Create(from_array(new long[,] { { 2, 0 }, { 0, 3 }, { 2, 3 } }), 5);
        Assert.Equal([0, 2, 2, 4, 6, 6], batch.Offsets);
        Assert.Equal([1L, 2, 0, 4, 3, 5], batch.MakeSlots(CPU).data<long>().ToArray());
        Assert.Equal([0L, 1, 0, 2, 1, 2], batch.MakeTokens(CPU).data<long>().ToArray());
    }

    private static ExpertInputs Inputs(ExpertProblem problem) => new(
        from_array(problem.Tokens),
        from_array(problem.Gates),
        from_array(problem.Up),
        from_array(problem.Down),
        problem.Bias is null ? null : from_array(problem.Bias));
}
