using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What a feed-forward block returns.</summary>
/// <param name="Hidden">[batch, time, d_model], float32, before dropout.</param>
/// <param name="Routing">Which experts the tokens were sent to; null for blocks without experts.</param>
internal sealed record FeedForwardOutput(Tensor Hidden, Routing? Routing = null);

/// <summary>The second block of a layer: works on each token by itself.</summary>
internal abstract class FeedForward(string name) : nn.Module<Tensor, FeedForwardOutput>(name)
{
    /// <summary>Builds the block that <paramref name="options"/> name: the only place that asks which.</summary>
    public static FeedForward Create(FeedForwardOptions options, BlockContext context) => options switch
    {
        DenseOptions dense => new DenseFeedForward(dense, context),
        TopKOptions topK => new TopKFeedForward(topK, context),
        ProductKeyMemoryOptions memory => new ProductKeyMemory(memory, context),
        MixtureOfExpertsOptions mixture => new MixtureOfExperts(mixture, context),
        _ => throw new ArgumentException(
            $"There is no feed-forward block for {options.GetType().Name}.", nameof(options)),
    };

    /// <summary>Gets whether the block sends its tokens to experts.</summary>
    public virtual bool HasExperts => false;

    /// <summary>
    /// Computes the block's output alone, [batch, time, d_model], without a gradient and fastest for a few tokens: what
    /// generation asks for.
    /// </summary>
    public virtual Tensor Decode(Tensor x) => forward(x).Hidden;

    /// <summary>
    /// Computes the weighted balancing loss over all calls of this block in one step, a scalar, or null for blocks that
    /// have none. A layer that is used at several depths is balanced over all of them together.
    /// </summary>
    public virtual Tensor? BalancingLoss(IReadOnlyList<Routing> calls) => null;

    /// <summary>Adapts what no gradient reaches to all calls of this block in one training step.</summary>
    public virtual void AfterStep(IReadOnlyList<Routing> calls)
    {
    }
}
