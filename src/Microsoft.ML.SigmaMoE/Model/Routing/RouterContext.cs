using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What a router is built for, and where its random numbers come from.</summary>
public sealed class RouterContext
{
    internal RouterContext(MixtureOfExpertsOptions mixture, BlockContext block) => (Mixture, Block) = (mixture, block);

    /// <summary>Gets the router's options.</summary>
    public RouterOptions Options => Mixture.Router;

    /// <summary>Gets the mixture: its number of experts (E) and how many a token is sent to (K).</summary>
    public MixtureOfExpertsOptions Mixture { get; }

    /// <summary>Gets the width of a token (d_model).</summary>
    public int ModelSize => Block.Model.ModelSize;

    internal BlockContext Block { get; }

    /// <summary>
    /// Draws a parameter of normally distributed numbers, from the network's seed. Where a model is being loaded its
    /// numbers are read later and until then may be anything: compute nothing from them in the constructor.
    /// </summary>
    /// <param name="deviation">The standard deviation, for each of the model's layers alike.</param>
    /// <param name="shape">The parameter's shape.</param>
    public Parameter NormalParameter(double deviation, params long[] shape) =>
        WeightInitialization.Normal(shape, deviation, Block.Randomness);

    /// <summary>
    /// Draws numbers that are uniform in [0, 1), for noise in training: from the network's own source, so that training
    /// can be repeated and resumed bit by bit.
    /// </summary>
    public Tensor Uniform(params long[] shape) => Block.Randomness.Uniform(shape);

    /// <summary>Draws normally distributed numbers as <see cref="Uniform"/> does.</summary>
    public Tensor Normal(params long[] shape) => Block.Randomness.Normal(shape);
}
