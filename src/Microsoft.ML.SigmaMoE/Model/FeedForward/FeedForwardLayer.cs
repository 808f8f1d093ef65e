using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The feed-forward blocks without experts as a TorchSharp module for networks of your own: dense, Top-K activation and
/// product-key memory, to stand beside a <see cref="MixtureOfExpertsLayer"/> in the same place.
/// </summary>
/// <remarks>
/// Programs that use TorchSharp before this class call <c>TorchRuntime.EnsureLoadable()</c> first. Not safe for use by
/// several threads while training. Input and output are float32 on the layer's device, whatever <see cref="Precision"/>
/// its matrices are multiplied in.
/// </remarks>
public sealed class FeedForwardLayer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "block")] private readonly FeedForward _block;
    private readonly Randomness _randomness;
    private readonly int _modelSize;

    /// <summary>Creates a layer with fresh weights.</summary>
    /// <param name="modelSize">The width of a token (d_model).</param>
    /// <param name="options">
    /// <see cref="DenseOptions"/>, <see cref="TopKOptions"/> or <see cref="ProductKeyMemoryOptions"/>.
    /// </param>
    /// <param name="layerCount">
    /// How many layers of your network add to one residual stream: initial weights shrink with its root. 2 gives
    /// weights of unit gain, as in the authors' stand-alone layer.
    /// </param>
    /// <param name="precision">The number format of matrix multiplications.</param>
    /// <param name="device">Where the layer lives and stays, or null for the processor.</param>
    /// <param name="seed">The seed of its initial weights and dropout.</param>
    /// <exception cref="ArgumentException">
    /// A size or an option is out of its range, or the block has experts.
    /// </exception>
    public FeedForwardLayer(
        int modelSize,
        FeedForwardOptions options,
        int layerCount = 2,
        Precision precision = Precision.Automatic,
        Device? device = null,
        int seed = 0)
        : base(nameof(FeedForwardLayer))
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(modelSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(layerCount);
        ArgumentNullException.ThrowIfNull(options);
        OptionChecks.ThrowIfNotDefined(precision);
        ThrowIfNotOneBlock(options);
        options.Validate();
        (Options, _modelSize) = (options, modelSize);
        var place = device ?? CPU;
        _randomness = new Randomness(seed, place);
        var model = new ModelOptions { ModelSize = modelSize, LayerCount = layerCount };
        _block = FeedForward.Create(options, new(model, ComputePrecision.Of(precision, place), _randomness));
        RegisterComponents();
        this.to(place);
    }

    /// <summary>Gets the options that the layer was made with.</summary>
    public FeedForwardOptions Options { get; }

    /// <summary>Computes every token's output.</summary>
    /// <param name="x">[.., d_model].</param>
    /// <returns>The same shape.</returns>
    /// <exception cref="ArgumentException">The last dimension is not d_model.</exception>
    public override Tensor forward(Tensor x)
    {
        if (x.dim() < 1 || x.size(-1) != _modelSize)
        {
            throw new ArgumentException(
                $"The input has the shape [{string.Join(", ", x.shape)}]; it must end in d_model, which is {_modelSize}.");
        }

        using var scope = NewDisposeScope();
        return _block.forward(x.reshape(1, -1, _modelSize)).Hidden.view(x.shape).MoveToOuterDisposeScope();
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

    private static void ThrowIfNotOneBlock(FeedForwardOptions options)
    {
        if (options is MixtureOfExpertsOptions or InterleavedOptions)
        {
            var instead = options is MixtureOfExpertsOptions
                ? nameof(MixtureOfExpertsLayer)
                : "a layer for each of its blocks";
            throw new ArgumentException(
                $"{options.GetType().Name} is not a block without experts; use {instead}.", nameof(options));
        }
    }
}
