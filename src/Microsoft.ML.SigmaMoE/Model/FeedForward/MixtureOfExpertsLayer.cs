using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The mixture of experts as a TorchSharp module for networks of your own, in the place of a two-layer feed-forward
/// block: every token of the input, its last dimension, is sent to a few experts.
/// </summary>
/// <remarks>
/// <para>
/// In training add <see cref="TakeBalancingLoss"/> to the loss, once a step: without it a few experts win all tokens.
/// It belongs to the calls since it was last taken; those whose tensors are disposed are forgotten.
/// </para>
/// <para>
/// Programs that use TorchSharp before this class call <c>TorchRuntime.EnsureLoadable()</c> first. Not safe for use by
/// several threads while training. Input and output are float32 on the layer's device, whatever <see cref="Precision"/>
/// the experts compute in.
/// </para>
/// <para>
/// Routers and losses are those of the language models. The authors' stand-alone layer differs from their models in two
/// points: it balances all experts where the softmax comes after top-k (here <see cref="EntropyScope.AllExperts"/>),
/// and it drops experts by −∞ where their models give them the score 0, as this does.
/// </para>
/// </remarks>
public sealed class MixtureOfExpertsLayer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "mixture")] private readonly MixtureOfExperts _mixture;
    private readonly Randomness _randomness;
    private readonly int _modelSize;
    private readonly int _outputSize;
    private readonly List<Routing> _calls = [];

    /// <summary>Creates a layer with fresh weights.</summary>
    /// <param name="modelSize">The width of a token (d_model).</param>
    /// <param name="options">The experts and their router; null for the defaults.</param>
    /// <param name="layerCount">
    /// How many layers of your network add to one residual stream: initial weights shrink with its root. 2 gives
    /// weights of unit gain, as in the authors' stand-alone layer.
    /// </param>
    /// <param name="precision">The number format of the experts' matrix multiplications.</param>
    /// <param name="device">Where the layer lives and stays, or null for the processor.</param>
    /// <param name="seed">The seed of its initial weights and dropout.</param>
    /// <param name="outputSize">
    /// The width of the output ("v_dim" of the authors' stand-alone layer), or null for that of the input. Another
    /// width is computed without the fused kernels.
    /// </param>
    /// <exception cref="ArgumentException">A size or an option is out of its range.</exception>
    public MixtureOfExpertsLayer(
        int modelSize,
        MixtureOfExpertsOptions? options = null,
        int layerCount = 2,
        Precision precision = Precision.Automatic,
        Device? device = null,
        int seed = 0,
        int? outputSize = null)
        : base(nameof(MixtureOfExpertsLayer))
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(modelSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(layerCount);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputSize ?? modelSize, nameof(outputSize));
        OptionChecks.ThrowIfNotDefined(precision);
        (Options, _modelSize, _outputSize) = (options ?? new(), modelSize, outputSize ?? modelSize);
        Options.Validate();
        var place = device ?? CPU;
        _randomness = new Randomness(seed, place);
        var model = new ModelOptions { ModelSize = modelSize, LayerCount = layerCount };
        var context = new BlockContext(model, ComputePrecision.Of(precision, place), _randomness);
        _mixture = new MixtureOfExperts(Options, context, _outputSize);
        RegisterComponents();
        this.to(place);
    }

    /// <summary>Gets the options that the layer was made with.</summary>
    public MixtureOfExpertsOptions Options { get; }

    internal MixtureOfExperts Mixture => _mixture;

    /// <summary>Sends every token through its experts.</summary>
    /// <param name="x">[.., d_model]; [batch, time, d_model] for routers that balance over a sequence.</param>
    /// <returns>The same shape, its last dimension the width of the output.</returns>
    /// <exception cref="ArgumentException">The last dimension is not d_model.</exception>
    public override Tensor forward(Tensor x)
    {
        if (x.dim() < 2 || x.size(-1) != _modelSize)
        {
            throw new ArgumentException($"The input has the shape [{string.Join(", ", x.shape)}]; it must end in d_model, which is {_modelSize}.");
        }

        using var scope = NewDisposeScope();
        var time = x.size(-2);
        var output = _mixture.forward(x.reshape(-1, time, _modelSize));
        if (training && is_grad_enabled())
        {
            _calls.RemoveAll(call => call.Logits.IsInvalid);
            _calls.Add(output.Routing!.MoveToOuterDisposeScope());
        }

        return output.Hidden.view([.. x.shape[..^1], _outputSize]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Gets the weighted balancing loss over all tokens since the last call of this method, a scalar to be added to the
    /// loss: 0 where the options have none. A router that balances without a loss adapts now.
    /// </summary>
    public Tensor TakeBalancingLoss()
    {
        Routing[] calls = [.. _calls.Where(call => !call.Logits.IsInvalid)];
        _calls.Clear();
        if (calls.Length == 0)
        {
            return zeros([], device: _mixture.Device);
        }

        _mixture.AfterStep(calls);
        return _mixture.BalancingLoss(calls) ?? zeros([], device: _mixture.Device);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _randomness.Dispose();
        }

        base.Dispose(disposing);
    }
}
