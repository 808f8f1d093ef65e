using Microsoft.ML.SigmaMoE.Gpu;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// The backend from tensors to tensors, with the kernels on the emulator and the processor's tensors.
/// </summary>
public sealed class CudaExpertBackendTests
{
    /// <summary>Gets (tokens, d_model, experts, expert size, active experts, spread, bias, mask).</summary>
    public static TheoryData<int, int, int, int, int, Spread, bool, bool> Problems => new()
    {
        { 1, 8, 4, 3, 2, Spread.Random, false, false },
        { 1, 1, 1, 1, 1, Spread.Random, false, false },
        { 7, 5, 3, 1, 3, Spread.Random, true, true },
        { 33, 13, 5, 7, 1, Spread.AllToTheFirst, true, false },
        { 100, 32, 8, 16, 4, Spread.Random, false, false },
        { 129, 36, 16, 20, 2, Spread.AllToTheFirst, false, false },
        { 300, 70, 6, 33, 6, Spread.Random, true, false },
        { 700, 24, 2, 20, 1, Spread.Random, false, false },
    };

    private static ComputePrecision TensorFloat32 { get; } = new(ScalarType.Float32) { AllowsTensorFloat32 = true };

    [Theory]
    [MemberData(nameof(Problems))]
    public void BFloat16_ForwardAndBackward_EqualTheDumbReference(
        int tokens, int modelSize, int experts, int expertSize, int active, Spread spread, bool bias, bool mask) =>
        Compare(ScalarType.BFloat16, 1e-2, new(tokens, modelSize, experts, expertSize, active, spread, bias, mask));

    // eleven bits of a number, three more than bfloat16 has
    [Theory]
    [MemberData(nameof(Problems))]
    public void Float16_ForwardAndBackward_EqualTheDumbReference(
        int tokens, int modelSize, int experts, int expertSize, int active, Spread spread, bool bias, bool mask) =>
        Compare(ScalarType.Float16, 2e-3, new(tokens, modelSize, experts, expertSize, active, spread, bias, mask));

    [Theory]
    [MemberData(nameof(Problems))]
    public void Float32_ForwardAndBackward_EqualTheDumbReference(
        int tokens, int modelSize, int experts, int expertSize, int active, Spread spread, bool bias, bool mask) =>
        Compare(ScalarType.Float32, 5e-6, new(tokens, modelSize, experts, expertSize, active, spread, bias, mask));

    // every operand is off by 2^-11 of itself at most
    [Theory]
    [MemberData(nameof(Problems))]
    public void TensorFloat32_ForwardAndBackward_EqualTheDumbReference(
        int tokens, int modelSize, int experts, int expertSize, int active, Spread spread, bool bias, bool mask)
    {
        var problem = new ExpertProblem(tokens, modelSize, experts, expertSize, active, spread, bias, mask);
        var launches = Compare(TensorFloat32, 1e-3, problem);
        Assert.Contains(launches, launch => launch.StartsWith("expert_weight_gradient_tf32", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Activation.Gelu, ScalarType.Float32, 5e-6, true, false)]
    [InlineData(Activation.GeluTanh, ScalarType.Float32, 5e-6, false, true)]
    [InlineData(Activation.Silu, ScalarType.Float32, 5e-6, true, true)]
    [InlineData(Activation.Gelu, ScalarType.BFloat16, 1e-2, true, true)]
    [InlineData(Activation.GeluTanh, ScalarType.BFloat16, 1e-2, true, false)]
    [InlineData(Activation.Silu, ScalarType.BFloat16, 1e-2, false, true)]
    [InlineData(Activation.Silu, ScalarType.Float16, 2e-3, true, true)]
    public void ForwardAndBackward_WithAnotherActivation_EqualTheDumbReference(
        Activation activation, ScalarType type, double tolerance, bool bias, bool mask)
    {
        var launches = Compare(type, tolerance, new(70, 29, 5, 37, 2, Spread.Random, bias, mask), activation);
        Assert.Contains(launches, launch => launch.StartsWith("expert_hidden_gradient", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(75, "expert_up_float_16")]
    [InlineData(80, "expert_up_tf32_16")]
    public void Forward_WhereTensorFloat32IsAllowed_RoundsOnDevicesThatHaveIt(int capability, string expected)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var driver = new FakeDriver { Capability = capability };
        var problem = new ExpertProblem(9, 12, 4, 8, 2, Spread.Random, bias: false, mask: false);
        var backend = new CudaExpertBackend(EmulatedKernels.On(driver), TensorFloat32);
        backend.Forward(Inputs(problem), ExpertBatch.Create(from_array(problem.Choices), 4), null);
        Assert.Contains(expected, driver.Launches.Select(launch => launch.Kernel));
    }

    [Theory]
    [InlineData(70, "expert_up_float_16", ScalarType.Float32)]
    [InlineData(75, "expert_up_f16_flat_16", ScalarType.Float16)]
    [InlineData(80, "expert_up_f16_16", ScalarType.Float16)]
    public void Forward_InFloat16_MultipliesItWhereTensorCoresDo(int capability, string expected, ScalarType hidden)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var driver = new FakeDriver { Capability = capability };
        var problem = new ExpertProblem(9, 12, 4, 8, 2, Spread.Random, bias: false, mask: false);
        var backend = new CudaExpertBackend(EmulatedKernels.On(driver), ScalarType.Float16);
        var forward = backend.Forward(Inputs(problem), ExpertBatch.Create(from_array(problem.Choices), 4), null);
        Assert.Contains(expected, driver.Launches.Select(launch => launch.Kernel));
        Assert.Equal(hidden, forward.Hidden.dtype);
    }

    // what hidden vectors have no room for is infinite, and the scaling of losses sees it
    [Fact]
    public void Forward_OfNumbersBeyondFloat16_IsNotFinite()
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var problem = new ExpertProblem(20, 16, 4, 8, 2, Spread.Random, bias: false, mask: false);
        var weights = ones(4, 8, 16);
        var inputs = Inputs(problem) with { Tokens = full([20, 16], 1e4f), Up = weights, Down = weights };
        var backend = new CudaExpertBackend(EmulatedKernels.On(EmulatedKernels.Driver()), ScalarType.Float16);
        var forward = backend.Forward(inputs, ExpertBatch.Create(from_array(problem.Choices), 4), null);
        Assert.False(forward.Output.isfinite().any().item<bool>());
    }

    [Fact]
    public void ExpertFunction_OverTheKernels_GivesTheGradientsOfLibtorch()
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        using var scope = NewDisposeScope();
        var problem = new ExpertProblem(21, 12, 4, 9, 2, Spread.Random, bias: true, mask: false);
        var expected = Gradients(new TorchExpertBackend(ScalarType.Float32), problem);
        var actual = Gradients(
            new CudaExpertBackend(EmulatedKernels.On(EmulatedKernels.Driver()), ScalarType.Float32), problem);
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            TensorAssert.Close(expected[i], actual[i], 5e-6, $"gradient {i}");
        }
    }

    [Fact]
    public void ForwardAndBackward_OfTensorsThatAreNotDense_ComputeTheSame()
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var problem = new ExpertProblem(9, 12, 4, 8, 2, Spread.Random, bias: false, mask: false);
        var inputs = Inputs(problem);
        var odd = inputs with
        {
            Tokens = cat([zeros(9, 1), inputs.Tokens], 1)[.., 1..],
            Gates = inputs.Gates.t().contiguous().t(),
        };
        var batch = ExpertBatch.Create(from_array(problem.Choices), 4);
        var kernels = EmulatedKernels.On(EmulatedKernels.Driver());
        var (dense, strided) =
            (new CudaExpertBackend(kernels, ScalarType.BFloat16), new CudaExpertBackend(kernels, ScalarType.BFloat16));
        var (expected, actual) = (dense.Forward(inputs, batch, null), strided.Forward(odd, batch, null));
        TensorAssert.Same(expected.Output, actual.Output);
        var gradient = from_array(problem.Gradient);
        var by = dense.Backward(gradient, inputs, batch, null, expected.Hidden);
        var byOdd = strided.Backward(gradient.t().contiguous().t(), odd, batch, null, actual.Hidden);
        TensorAssert.Same(by.Tokens, byOdd.Tokens);
        TensorAssert.Same(by.Gates, byOdd.Gates);
        TensorAssert.Same(by.Up, byOdd.Up);
    }

    [Fact]
    public void Forward_NeverSortsOnTheHost()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var driver = new FakeDriver();
        var problem = new ExpertProblem(9, 12, 4, 8, 2, Spread.Random, bias: false, mask: false);
        var batch = ExpertBatch.Create(from_array(problem.Choices).to(ScalarType.Int64) + 100, 4);  // would fall out of the host's counts
        new CudaExpertBackend(EmulatedKernels.On(driver), ScalarType.Float32).Forward(Inputs(problem), batch, null);
        Assert.Contains("CtxSetCurrent 7", driver.Calls);
        Assert.True(driver.Calls.IndexOf("CtxSetCurrent 7") < driver.Calls.FindIndex(call => call.StartsWith("LaunchKernel", StringComparison.Ordinal)));
        Assert.DoesNotContain(
            driver.Calls, call => call is "CtxSynchronize" || call.StartsWith("Memcpy", StringComparison.Ordinal));
        Assert.Throws<IndexOutOfRangeException>(() => batch.Offsets);
    }

    [Fact]
    public void Backward_MakesTheDeviceCurrentAgain()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var driver = new FakeDriver();
        var problem = new ExpertProblem(9, 12, 4, 8, 2, Spread.Random, bias: false, mask: false);
        var (inputs, batch) = (Inputs(problem), ExpertBatch.Create(from_array(problem.Choices), 4));
        var backend = new CudaExpertBackend(EmulatedKernels.On(driver), ScalarType.Float32);
        var hidden = backend.Forward(inputs, batch, null).Hidden;
        driver.Calls.Clear();
        backend.Backward(from_array(problem.Gradient), inputs, batch, null, hidden);
        Assert.Equal("CtxSetCurrent 7", driver.Calls[0]);
    }

    [Fact]
    public void TryCreate_OnTheProcessor_GivesNone()
    {
        using var scope = NewDisposeScope();
        var inputs = Inputs(new ExpertProblem(2, 4, 2, 3, 1, Spread.Random, bias: false, mask: false));
        Assert.Null(CudaExpertBackend.TryCreate(ScalarType.Float32, inputs));
        Assert.IsNotType<CudaExpertBackend>(ExpertBackends.For(ScalarType.Float32, inputs));
    }

    [Theory]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.GeluTanh)]
    [InlineData(Activation.Silu)]
    public void Forward_OfAFewTokensInInference_DecodesWithoutRoundingAllWeights(Activation activation)
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var driver = EmulatedKernels.Driver();
        var problem = new ExpertProblem(2, 37, 6, 21, 3, Spread.Random, bias: true, mask: false);
        var batch = ExpertBatch.Create(from_array(problem.Choices), 6);
        var output = new CudaExpertBackend(EmulatedKernels.On(driver), ScalarType.BFloat16).Forward(
            Inputs(problem) with { Activation = activation }, batch, null).Output;
        Assert.Equal(["decode_up", "decode_down"], driver.Launches);
        TensorAssert.Close(from_array(new DumbExperts(problem, activation).Run().Output), output, 5e-6, "output");
    }

    [Theory]
    [InlineData(1, 16, 4, true)]
    [InlineData(16, 16, 4, false)]
    [InlineData(16, 32, 4, true)]
    [InlineData(17, 128, 4, false)]
    public void Decoding_OfTokens_PaysWhileFewExpertsAreRead(int tokens, int experts, int active, bool expected) =>
        Assert.Equal(expected, CudaDecoding.Pays(new(tokens, 512, experts, 128, active, TileNumbers.BFloat16)));

    [Theory]
    [InlineData(80, ScalarType.BFloat16, true)]
    [InlineData(75, ScalarType.BFloat16, false)]
    [InlineData(75, ScalarType.Float32, true)]
    [InlineData(61, ScalarType.Float32, false)]
    [InlineData(75, ScalarType.Float16, true)]
    [InlineData(70, ScalarType.Float16, true)]
    [InlineData(61, ScalarType.Float16, false)]
    [InlineData(90, ScalarType.Float64, false)]
    public void Takes_GivenADevice_AsksWhatItsKernelsNeed(int capability, ScalarType type, bool expected)
    {
        using var scope = NewDisposeScope();
        var inputs = Inputs(new ExpertProblem(2, 4, 2, 3, 1, Spread.Random, bias: false, mask: false));
        using var device = CudaDevice.Open(new FakeDriver { Capability = capability }, 0);
        Assert.Equal(expected, CudaExpertBackend.Takes(device, type, inputs));
    }

    private static List<string> Compare(
        ComputePrecision precision, double tolerance, ExpertProblem problem, Activation activation = Activation.Relu)
    {
        Assert.SkipUnless(EmulatedKernels.SkipReason.Length == 0, EmulatedKernels.SkipReason);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var driver = EmulatedKernels.Driver();
        var backend = new CudaExpertBackend(EmulatedKernels.On(driver), precision);
        var inputs = Inputs(problem) with { Activation = activation };
        var batch = ExpertBatch.Create(from_array(problem.Choices), problem.Experts);
        var mask = problem.Mask is null ? null : from_array(problem.Mask).flatten(0, 1);
        var forward = backend.Forward(inputs, batch, mask);
        var by = backend.Backward(from_array(problem.Gradient), inputs, batch, mask, forward.Hidden);

        var wanted = new DumbExperts(problem, activation).Run();
        TensorAssert.Close(from_array(wanted.Output), forward.Output, tolerance, "output");
        TensorAssert.Close(from_array(wanted.ByToken), by.Tokens, tolerance, "gradient by token");
        TensorAssert.Close(from_array(wanted.ByGate), by.Gates, tolerance, "gradient by gate");
        TensorAssert.Close(from_array(wanted.ByUp), by.Up, tolerance, "gradient by up");
        TensorAssert.Close(from_array(wanted.ByDown), by.Down, tolerance, "gradient by down");
        if (by.UpBias is { } byBias)
        {
            TensorAssert.Close(from_array(wanted.ByBias), byBias, tolerance, "gradient by bias");
        }

        return driver.Launches;
    }

    private static Tensor[] Gradients(IExpertBackend backend, ExpertProblem problem)
    {
        var inputs = Inputs(problem);
        Tensor[] leaves = [inputs.Tokens, inputs.Gates, inputs.Up, inputs.Down, inputs.UpBias!];
        Array.ForEach(leaves, leaf => leaf.requires_grad = true);
        var batch = ExpertBatch.Create(from_array(problem.Choices), problem.Experts);
        var output = ExpertFunction.Apply(backend, inputs, batch, null);
        (output * from_array(problem.Gradient)).sum().backward();
        return [output.detach(), .. leaves.Select(leaf => leaf.grad!)];
    }

    private static ExpertInputs Inputs(ExpertProblem problem) => new(
        from_array(problem.Tokens),
        from_array(problem.Gates),
        from_array(problem.Up),
        from_array(problem.Down),
        problem.Bias is null ? null : from_array(problem.Bias));
}
