using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Gradients that another thread computes, as libtorch does on a GPU.</summary>
public sealed class ExpertFunctionTests
{
    [Fact]
    public void Backward_OnAnotherThread_LeavesGradientsUntilThatThreadComputesOthers()
    {
        using var scope = NewDisposeScope();
        var backend = new Recording();
        var (inputs, batch) = Layer();
        Tensor Loss() => ExpertFunction.Apply(backend, inputs, batch, null).sum();
        var (one, other) = (Loss(), Loss());
        OnAnotherThread(() =>
        {
            one.backward();
            var first = backend.Last;
            Assert.True(backend.Hidden.IsInvalid);
            Assert.False(first.Up.IsInvalid);
            other.backward();
            Assert.True(first.Up.IsInvalid);
            Assert.True(first.Tokens.IsInvalid);
            Assert.True(first.Gates.IsInvalid);
        });
        Assert.InRange(inputs.Up.grad!.abs().sum().item<float>(), 1e-3f, float.MaxValue);
    }

    [Fact]
    public void Backward_OnTheSameThread_LeavesGradientsUntilExpertsAreComputedAgain()
    {
        using var scope = NewDisposeScope();
        var backend = new Recording();
        var (inputs, batch) = Layer();
        var loss = ExpertFunction.Apply(backend, inputs, batch, null).sum();
        var before = scope.DisposablesCount;
        loss.backward();
        Assert.Equal(before, scope.DisposablesCount);
        Assert.True(backend.Hidden.IsInvalid);
        Assert.False(backend.Last.Up.IsInvalid);

        ExpertFunction.Apply(backend, inputs, batch, null);
        Assert.True(backend.Last.Up.IsInvalid);
        Assert.InRange(inputs.Up.grad!.abs().sum().item<float>(), 1e-3f, float.MaxValue);
    }

    [Fact]
    public void Backward_OfLayersOneBehindTheOther_KeepsOnlyTheLastGradients()
    {
        using var scope = NewDisposeScope();
        Recording[] backends = [new(), new()];
        var (inputs, batch) = Layer();
        var y = ExpertFunction.Apply(backends[0], inputs, batch, null);
        ExpertFunction.Apply(backends[1], inputs with { Tokens = y }, batch, null).sum().backward();
        Assert.True(backends[1].Last.Tokens.IsInvalid);
        Assert.False(backends[0].Last.Tokens.IsInvalid);
    }

    [Fact]
    public void Backward_OfParameters_GivesThemTheGradientsWithoutACopy()
    {
        using var scope = NewDisposeScope();
        var backend = new Recording();
        var (inputs, batch) = Layer();
        ExpertFunction.Apply(backend, inputs, batch, null).sum().backward();
        backend.Last.Up.fill_(7);
        Assert.Equal(7, inputs.Up.grad!.min().item<float>());
    }

    private static (ExpertInputs Inputs, ExpertBatch Batch) Layer()
    {
        var problem = new ExpertProblem(9, 12, 4, 8, 2, Spread.Random, bias: false, mask: false);
        var inputs = new ExpertInputs(
            from_array(problem.Tokens), from_array(problem.Gates), from_array(problem.Up), from_array(problem.Down),
            null);
        inputs.Up.requires_grad = true;
        return (inputs, ExpertBatch.Create(from_array(problem.Choices), problem.Experts));
    }

    private static void OnAnotherThread(Action action)
    {
        Exception? fault = null;
        var thread = new Thread(() => fault = Record.Exception(action));
        thread.Start();
        thread.Join();
        Assert.Null(fault);
    }

    /// <summary>libtorch's experts; remembers what the last backward pass was given and gave.</summary>
    private sealed class Recording : IExpertBackend
    {
        private readonly TorchExpertBackend _experts = new(ScalarType.Float32);

        public string Name => "recording";

        public ExpertGradients Last { get; private set; }

        public Tensor Hidden { get; private set; } = null!;

        public ExpertForward Forward(in ExpertInputs inputs, ExpertBatch batch, Tensor? mask) =>
            _experts.Forward(inputs, batch, mask);

        public ExpertGradients Backward(
            Tensor gradient, in ExpertInputs inputs, ExpertBatch batch, Tensor? mask, Tensor hidden)
        {
            Hidden = hidden;
            return Last = _experts.Backward(gradient, inputs, batch, mask, hidden);
        }
    }
}
