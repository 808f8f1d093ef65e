using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Every activation by every backend on the processor against the dumb reference.</summary>
public sealed class ExpertActivationTests
{
    private static readonly string[] BackendNames =
        ["libtorch float32", "libtorch bfloat16", "float32, 512 bits", "float32, 256 bits", "bfloat16"];

    /// <summary>
    /// Gets (activation, backend, tokens, d_model, experts, expert size, active experts, bias, mask).
    /// </summary>
    public static TheoryData<Activation, string, int, int, int, int, int, bool, bool> Problems
    {
        get
        {
            var data = new TheoryData<Activation, string, int, int, int, int, int, bool, bool>();
            foreach (var activation in Enum.GetValues<Activation>())
            {
                foreach (var backend in BackendNames)
                {
                    data.Add(activation, backend, 33, 13, 5, 7, 2, true, true);
                    data.Add(activation, backend, 1, 8, 4, 3, 2, false, false);
                    data.Add(activation, backend, 300, 70, 6, 33, 6, true, false); // one neuron behind the registers
                    data.Add(activation, backend, 110, 100, 5, 104, 2, false, true);
                    data.Add(activation, backend, 30, 24, 2, 300, 1, true, true);      // more neurons than one block
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Problems))]
    public void ForwardAndBackward_GivenAnActivation_EqualTheDumbReference(
        Activation activation, string name, int tokens, int modelSize, int experts, int expertSize, int active,
        bool bias, bool mask)
    {
        Assert.SkipUnless(Brgemm.IsAvailable || name != "bfloat16", "This processor has no bfloat16.");
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var problem = new ExpertProblem(tokens, modelSize, experts, expertSize, active, Spread.Random, bias, mask);
        var tolerance = name.Contains("bfloat16", StringComparison.Ordinal) ? 1e-2 : 5e-6;
        var inputs = Inputs(problem, activation);
        var batch = ExpertBatch.Create(from_array(problem.Choices), problem.Experts);
        var factors = problem.Mask is null ? null : from_array(problem.Mask).flatten(0, 1);
        var backend = Backend(name, activation);
        var forward = backend.Forward(inputs, batch, factors);
        var by = backend.Backward(from_array(problem.Gradient), inputs, batch, factors, forward.Hidden);

        var wanted = new DumbExperts(problem, activation).Run();
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
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.GeluTanh)]
    [InlineData(Activation.Silu)]
    public void For_AnyActivation_IsAFusedBackend(Activation activation)
    {
        using var scope = NewDisposeScope();
        var inputs = Inputs(new ExpertProblem(4, 8, 2, 3, 1, Spread.Random, bias: false, mask: false), activation);
        Assert.Equal(Brgemm.IsAvailable, ExpertBackends.For(ScalarType.BFloat16, inputs) is BFloat16ExpertBackend);
        Assert.Equal(
            Float32ExpertBackend.IsAvailable, ExpertBackends.For(ScalarType.Float32, inputs) is Float32ExpertBackend);
    }

    private static IExpertPasses Backend(string name, Activation activation) => name switch
    {
        "libtorch float32" => new TorchExpertBackend(ScalarType.Float32),
        "libtorch bfloat16" => new TorchExpertBackend(ScalarType.BFloat16),
        "bfloat16" => new BFloat16ExpertBackend(),
        "float32, 512 bits" => Float32<Lanes512, Vector512<float>>(activation),
        _ => Float32<Lanes256, Vector256<float>>(activation),
    };

    private static IExpertPasses Float32<TLanes, TVector>(Activation activation)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct => activation switch
        {
            Activation.Relu => new Float32Experts<TLanes, TVector, VectorRelu>(),
            Activation.Gelu => new Float32Experts<TLanes, TVector, VectorGelu>(),
            Activation.GeluTanh => new Float32Experts<TLanes, TVector, VectorGeluTanh>(),
            _ => new Float32Experts<TLanes, TVector, VectorSilu>(),
        };

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
