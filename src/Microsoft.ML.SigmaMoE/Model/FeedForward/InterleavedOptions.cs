namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Layers of two kinds: every so many layers one block, in between another, as in models with few sparse layers.
/// </summary>
public sealed record InterleavedOptions : FeedForwardOptions
{
    /// <summary>Gets the block of layer 0 and of every <see cref="Period"/>-th after it.</summary>
    public FeedForwardOptions Regular { get; init; } = new MixtureOfExpertsOptions();

    /// <summary>Gets the block of the layers in between.</summary>
    public FeedForwardOptions Between { get; init; } = new DenseOptions();

    /// <summary>Gets the distance of the regular layers.</summary>
    public int Period { get; init; } = 2;

    internal override FeedForwardOptions ForLayer(int layer) => layer % Period == 0 ? Regular : Between;

    internal override IEnumerable<(FeedForwardOptions Block, int Count)> Blocks(int layerCount)
    {
        var regular = (layerCount - 1) / Period + 1;
        return [(Regular, regular), (Between, layerCount - regular)];
    }

    internal override void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Period);
        ArgumentNullException.ThrowIfNull(Regular);
        ArgumentNullException.ThrowIfNull(Between);
        if (Regular is InterleavedOptions || Between is InterleavedOptions)
        {
            throw new ArgumentException("InterleavedOptions hold other interleaved options; give two plain blocks.");
        }

        Regular.Validate();
        Between.Validate();
        if (Regular is MixtureOfExpertsOptions one && Between is MixtureOfExpertsOptions other && one.ExpertCount != other.ExpertCount)
        {
            throw new ArgumentException(
                $"The two blocks have {one.ExpertCount} and {other.ExpertCount} experts (ExpertCount); layers with experts need equally many.");
        }
    }
}
