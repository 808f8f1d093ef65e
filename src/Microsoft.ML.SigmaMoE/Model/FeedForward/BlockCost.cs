namespace Microsoft.ML.SigmaMoE;

/// <summary>What one feed-forward block costs.</summary>
/// <param name="Parameters">All parameters.</param>
/// <param name="ActiveParameters">Those that one token uses.</param>
/// <param name="MultiplyAdds">Multiply-adds for one token, router included.</param>
internal sealed record BlockCost(long Parameters, long ActiveParameters, long MultiplyAdds)
{
    /// <summary>Computes the cost at width <paramref name="size"/> (d_model).</summary>
    public static BlockCost Of(FeedForwardOptions options, long size) => options switch
    {
        DenseOptions dense => OfDense(dense.HiddenSize, size, dense.Bias),
        TopKOptions topK => OfTopK(topK, size),
        ProductKeyMemoryOptions memory => OfMemory(memory, size),
        MixtureOfExpertsOptions mixture => OfMixture(mixture, size),
        _ => throw new ArgumentException($"The cost of {options.GetType().Name} is not known.", nameof(options)),
    };

    private static BlockCost OfDense(long hidden, long size, bool bias)
    {
        var matrices = checked(2 * size * hidden);
        var parameters = bias ? checked(matrices + hidden + size) : matrices;
        return new(parameters, parameters, matrices);
    }

    // What the chosen channels need; the block here computes the first layer whole, and the second too where that is
    // faster.
    private static BlockCost OfTopK(TopKOptions topK, long size)
    {
        checked
        {
            var dense = OfDense(topK.HiddenSize, size, bias: true);
            var unused = size * (topK.HiddenSize - topK.ActiveChannels);
            return new(dense.Parameters, dense.ActiveParameters - unused, dense.MultiplyAdds - unused);
        }
    }

    private static BlockCost OfMemory(ProductKeyMemoryOptions memory, long size)
    {
        checked
        {
            long heads = memory.HeadCount;
            var query = memory.QueryProjection ? heads * size * size : 0;
            var keys = heads * memory.SubKeyCount * (size / 2 * 2) + query;
            var values = (long)memory.SubKeyCount * memory.SubKeyCount * size;
            var used = memory.IsDense ? values : Math.Min(values, heads * memory.NearestKeys * size);
            return new(
                keys + values, keys + used, keys + (memory.IsDense ? values : heads * memory.NearestKeys * size));
        }
    }

    private static BlockCost OfMixture(MixtureOfExpertsOptions mixture, long size)
    {
        checked
        {
            var selection = mixture.ExpertCount * size;
            var router = selection * (mixture.Router is NoisyTopKRouterOptions ? 2 : 1);
            var selectionBias = mixture.Router is LossFreeRouterOptions ? mixture.ExpertCount : 0;
            var bias = mixture.Bias ? mixture.ExpertSize : 0;
            var expert = 2 * size * mixture.ExpertSize + bias;
            var output = mixture.Bias ? size : 0;
            return new(
                mixture.ExpertCount * expert + router + selectionBias + output,
                mixture.ActiveExperts * expert + router + selectionBias + output,
                2 * size * mixture.ActiveExperts * mixture.ExpertSize + router);
        }
    }
}
