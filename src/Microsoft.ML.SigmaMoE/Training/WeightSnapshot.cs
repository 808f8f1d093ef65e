using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A copy of a network's weights in main memory, to go back to. Owns its tensors.</summary>
internal sealed class WeightSnapshot : IDisposable
{
    private Dictionary<string, Tensor> _weights = [];

    /// <summary>Gets whether there is anything to go back to.</summary>
    public bool IsEmpty => _weights.Count == 0;

    /// <summary>Gets the weights by name.</summary>
    public IReadOnlyDictionary<string, Tensor> Weights => _weights;

    /// <summary>Copies the weights of a network in place of the earlier ones.</summary>
    public void Take(TransformerNetwork network)
    {
        using var scope = NewDisposeScope();
        Replace(network.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.detach().to(CPU, copy: true)));
    }

    /// <summary>Takes over tensors that a checkpoint holds.</summary>
    public void Replace(Dictionary<string, Tensor> weights)
    {
        Dispose();
        _weights = weights;
        foreach (var weight in weights.Values)
        {
            weight.DetachFromDisposeScope();
        }
    }

    /// <summary>Gives a network the weights.</summary>
    public void PutBack(TransformerNetwork network) => Load(network, _weights);

    /// <summary>Gives a network the weights of another of the same shape.</summary>
    public static void Copy(TransformerNetwork source, TransformerNetwork destination) =>
        Load(destination, source.named_parameters().ToDictionary(pair => pair.name, pair => (Tensor)pair.parameter));

    /// <summary>Gives a network weights by name.</summary>
    public static void Load(TransformerNetwork network, IReadOnlyDictionary<string, Tensor> weights)
    {
        network.ThrowIfFrozen();
        using var quiet = no_grad();
        foreach (var (name, parameter) in network.named_parameters())
        {
            parameter.copy_(weights[name]);
        }
    }

    public void Dispose()
    {
        foreach (var weight in _weights.Values)
        {
            weight.Dispose();
        }
    }
}
