using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One parameter, its two moments (both of its shape, zero at first) and how many steps it has taken.
/// </summary>
internal sealed class AdamWParameter(string name, Parameter value) : IDisposable
{
    /// <summary>Gets the parameter.</summary>
    public Parameter Value => value;

    /// <summary>Gets the running mean of gradients (m).</summary>
    public Tensor Mean { get; } = zeros_like(value, requires_grad: false).DetachFromDisposeScope();

    /// <summary>Gets the running mean of squared gradients (v).</summary>
    public Tensor Square { get; } = zeros_like(value, requires_grad: false).DetachFromDisposeScope();

    /// <summary>Gets the number of steps in which the parameter had a gradient.</summary>
    public long StepCount { get; private set; }

    public void CountStep() => StepCount++;

    public IEnumerable<(string Name, Tensor Tensor)> State() =>
        [($"{name}.mean", Mean), ($"{name}.square", Square), ($"{name}.step", tensor(StepCount))];

    public void Restore(IReadOnlyDictionary<string, Tensor> state)
    {
        using var _ = no_grad();
        Mean.copy_(Saved(state, "mean", Mean));
        Square.copy_(Saved(state, "square", Square));
        StepCount = Saved(state, "step", null).item<long>();
    }

    public void Dispose()
    {
        Mean.Dispose();
        Square.Dispose();
    }

    private Tensor Saved(IReadOnlyDictionary<string, Tensor> state, string part, Tensor? like)
    {
        if (!state.TryGetValue($"{name}.{part}", out var saved))
        {
            throw new ArgumentException(
                $"The optimiser's saved state has no '{name}.{part}'; it belongs to another model.");
        }

        return like is null || saved.shape.SequenceEqual(like.shape)
            ? saved
            : throw new ArgumentException(
                $"The optimiser's saved '{name}.{part}' is [{string.Join(", ", saved.shape)}] but the model's is "
                + $"[{string.Join(", ", like.shape)}]; it belongs to another model.");
    }
}
