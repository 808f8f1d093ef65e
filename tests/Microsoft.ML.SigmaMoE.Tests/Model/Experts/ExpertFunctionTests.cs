using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Gradients that another thread computes, as libtorch does on a GPU.</summary>
public sealed class ExpertFunctionTests
{
    [Fact]
    public void Backward_OnAnotherThread_LeavesNothingBehindOnceExpertsAreComputedAgain()
    {
        using var scope = NewDisposeScope();
        var backend = new Recording();
        var (inputs, batch) = Layer();
        var loss = ExpertFunction.Apply(backend, inputs, batch, null).sum();
        OnAnotherThread(() => loss.backward());
        Assert.False(backend.Last.Up.IsInvalid);

        ExpertFunction.Apply(backend, inputs, batch, null);
        Assert.True(backend.Last.Up.IsInvalid);
        Assert.True(backend.Last.Tokens.IsInvalid);
        Assert.True(backend.Last.Gates.IsInvalid);
        Assert.True(backend.Hidden.IsInvalid);
        Assert.InRange(inputs.Up.grad!.abs().sum().item<float>(), 1e-3f, float.MaxValue);
    }

    [Fact]
    public void Backward_OnTheSameThread_LeavesGradientsToTheDisposeScope()
    {
        var backend = new Recording();
        using (NewDisposeScope())
        {
            var (inputs, batch) = Layer();
            ExpertFunction.Apply(backend, inputs, batch, null).sum().backward();
            ExpertFunction.Apply(backend, inputs, batch, null);
            Assert.False(backend.Last.Up.IsInvalid);
        }

        Assert.True(backend.Last.Up.IsInvalid);
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
        var thread = new Thread(() => action());
        thread.Start();
        thread.Join();
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
