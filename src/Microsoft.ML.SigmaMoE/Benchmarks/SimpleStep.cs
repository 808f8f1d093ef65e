using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A training step with <see cref="SimpleNetwork"/> and what TorchSharp has: float32 by MKL, its clipping, its AdamW.
/// </summary>
internal sealed class SimpleStep : IDisposable
{
    // Few enough that rounding, which the two ways do differently, hardly ever sends one to another expert.
    private const int CheckedTokens = 32;

    private readonly TrainingStep _ours;
    private readonly SimpleNetwork _network;
    private readonly Parameter[] _parameters;
    private readonly optim.Optimizer _optimizer;

    public SimpleStep(BenchmarkOptions options)
    {
        _ours = new TrainingStep(options, options.Mixture, ScalarType.Float32);
        _network = new SimpleNetwork(_ours.Network);
        _parameters = [.. _network.Parameters];
        _optimizer = optim.AdamW(_parameters, TrainingStep.LearningRate);
    }

    /// <summary>Makes a step.</summary>
    public void Run(Tensor batch)
    {
        using var scope = NewDisposeScope();
        using var usual = Float32Multiplication.Use("highest");
        _optimizer.zero_grad();
        _network.Loss(batch).backward();
        nn.utils.clip_grad_norm_(_parameters, 1);
        _optimizer.step();
    }

    /// <summary>Computes the loss of a batch.</summary>
    public double Loss(Tensor batch)
    {
        using var scope = NewDisposeScope();
        return _network.Loss(batch).item<float>();
    }

    /// <summary>
    /// Computes the largest distance of its loss and gradients from the library's, over their length.
    /// </summary>
    public double Error(Tensor batch)
    {
        using var scope = NewDisposeScope();
        var few = batch.narrow(0, 0, 1).narrow(1, 0, CheckedTokens + 1);
        var wanted = LossAndGradients(_ours.Backward(few));
        var loss = _network.Loss(few);
        loss.backward();
        return LossAndGradients(loss).Zip(wanted, Distance).Max();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _ours.Dispose();
    }

    private Tensor[] LossAndGradients(Tensor loss)
    {
        Tensor[] all = [loss.detach(), .. _parameters.Select(parameter => parameter.grad!)];
        Array.ForEach(_parameters, parameter => parameter.grad = null);
        return all;
    }

    private static double Distance(Tensor actual, Tensor wanted)
    {
        var exact = wanted.to(ScalarType.Float64);
        return ((actual.to(ScalarType.Float64) - exact).norm() / exact.norm()).item<double>();
    }
}
