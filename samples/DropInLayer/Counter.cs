using Microsoft.ML.SigmaMoE;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DropInLayer;

/// <summary>A recurrent network with a mixture of experts between its GRU and its output.</summary>
internal sealed class Counter : nn.Module<Tensor, Tensor>
{
    private readonly GRU _recurrent;
    private readonly Linear _output;

    public Counter(int hidden)
        : base(nameof(Counter))
    {
        _recurrent = nn.GRU(1, hidden, batchFirst: true);
        Mixture = new(hidden, new() { ExpertCount = 8, ExpertSize = 16, ActiveExperts = 2 });
        _output = nn.Linear(hidden, 4);
        register_module("mixture", Mixture);
        RegisterComponents();
    }

    public MixtureOfExpertsLayer Mixture { get; }

    public override Tensor forward(Tensor x)                                     // [batch, time, 1]
    {
        var (states, _) = _recurrent.call(x, null);                              // [batch, time, hidden]
        return _output.call(states + Mixture.call(states));                      // [batch, time, 4]
    }
}
