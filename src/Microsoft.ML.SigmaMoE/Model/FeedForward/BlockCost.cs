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
        DenseOptions dense => OfDense(dense.HiddenSize, size),
        MixtureOfExpertsOptions mixture => OfMixture(mixture, size),
        _ => throw new ArgumentException($"The cost of {options.GetType().Name} is not known.", nameof(options)),
    };

    private static BlockCost OfDense(long hidden, long size)
    {
        var matrices = checked(2 * size * hidden);
        var parameters = checked(matrices + hidden + size);
        return new(parameters, parameters, matrices);
    }

    private static BlockCost OfMixture(MixtureOfExpertsOptions mixture, long size)
    {
        checked
        {
            var router = mixture.ExpertCount * size;
            var bias = mixture.Bias ? mixture.ExpertSize : 0;
            var expert = 2 * size * mixture.ExpertSize + bias;
            var output = mixture.Bias ? size : 0;
            return new(
                mixture.ExpertCount * expert + router + output,
                mixture.ActiveExperts * expert + router + output,
                2 * size * mixture.ActiveExperts * mixture.ExpertSize + router);
        }
    }
}
