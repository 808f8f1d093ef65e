using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What a step's passes change before its weights do: memories and random numbers. Kept for as long as the step may
/// have to be done again; the tensors belong to the scope that is open.
/// </summary>
internal sealed class StepStart
{
    private readonly TrainingSession _session;
    private readonly (Tensor[] Layers, long[] Open)[] _memories;
    private readonly IReadOnlyList<Tensor> _states;

    /// <summary>Takes note of where a session stands. Memories are not copied, but live as long as this.</summary>
    public StepStart(TrainingSession session)
    {
        _session = session;
        _memories = [.. session.Memories.Select(memory => (memory.Layers.Select(layer => layer.alias()).ToArray(), memory.Open.ToArray()))];
        _states = session.Network.Randomness.GetStates();
    }

    /// <summary>Goes back, and drops the gradients since.</summary>
    public void PutBack()
    {
        _session.Optimizer.ClearGradients();
        _session.Network.Randomness.SetStates(_states);
        foreach (var (memory, (layers, open)) in _session.Memories.Zip(_memories))
        {
            memory.Restore(layers, open);
        }
    }
}
