namespace Microsoft.ML.SigmaMoE;

/// <summary>What a model costs, by its shape alone.</summary>
public sealed record ModelCost
{
    /// <summary>Gets the number of parameters, counted as the paper's authors count them.</summary>
    public required long Parameters { get; init; }

    /// <summary>
    /// Gets the number of parameters that one token uses: those of experts it is not sent to are left out.
    /// </summary>
    public required long ActiveParameters { get; init; }

    /// <summary>Gets the multiply-adds of all feed-forward blocks for one token, router included.</summary>
    public required long FeedForwardMultiplyAdds { get; init; }

    /// <summary>Computes the cost of a model (the formulas are in section 4 and appendix A of the paper).</summary>
    /// <param name="model">The shape of the Transformer.</param>
    /// <param name="feedForward">The feed-forward block.</param>
    /// <param name="vocabularySize">The number of different tokens.</param>
    /// <exception cref="OverflowException">The sizes are absurd: a number is beyond 2⁶³.</exception>
    public static ModelCost Of(ModelOptions model, FeedForwardOptions feedForward, int vocabularySize)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(feedForward);
        checked
        {
            long size = model.ModelSize;
            var (depths, layers) = (model.LayerCount, model.EffectiveDistinctLayerCount);
            var matrices = model.TiedEmbeddings ? 1 : 2;
            var outside = matrices * vocabularySize * size + vocabularySize + 2 * size;
            var around = outside + layers * (4 * size + model.Attention.Parameters(model));
            var blocks = feedForward.Blocks(layers)
                .Select(part => (Cost: BlockCost.Of(part.Block, size), part.Count))
                .ToArray();
            return new()
            {
                Parameters = around + blocks.Sum(block => checked(block.Count * block.Cost.Parameters)),
                ActiveParameters = around + blocks.Sum(block => checked(block.Count * block.Cost.ActiveParameters)),
                FeedForwardMultiplyAdds = depths / layers
                    * blocks.Sum(block => checked(block.Count * block.Cost.MultiplyAdds)),
            };
        }
    }

    /// <summary>Finds the dense block that comes nearest to a mixture in parameters, for fair comparisons.</summary>
    /// <param name="mixture">The mixture.</param>
    /// <param name="modelSize">d_model.</param>
    public static DenseOptions DenseOfEqualParameters(MixtureOfExpertsOptions mixture, int modelSize)
    {
        ArgumentNullException.ThrowIfNull(mixture);
        var wanted = BlockCost.Of(mixture, modelSize).Parameters - modelSize;
        return new() { HiddenSize = (int)Math.Max(1, Math.Round(wanted / (2.0 * modelSize + 1))) };
    }
}
