namespace Microsoft.ML.SigmaMoE;

/// <summary>How the hidden states of a row become its feature vector.</summary>
public sealed record FeatureOptions
{
    /// <summary>Gets how the vectors of the row's tokens are pooled.</summary>
    public PoolingKind Pooling { get; init; } = PoolingKind.Mean;

    /// <summary>
    /// Gets the layer whose output is pooled, 1 to the number of layers, or null for the last layer after the final
    /// normalisation.
    /// </summary>
    public int? Layer { get; init; }

    /// <summary>Gets whether feature vectors are scaled to Euclidean length 1. An empty row stays zero.</summary>
    public bool Normalize { get; init; }

    internal int Size(int modelSize) => Pooling switch
    {
        PoolingKind.MeanAndMax => 2 * modelSize,
        PoolingKind.SecondMoment => checked(modelSize * (modelSize + 1) / 2),
        _ => modelSize,
    };

    // rows whose sums of products are held at once: 128 MiB of float32, whatever the model
    internal int MostRows(int modelSize) => Pooling == PoolingKind.SecondMoment
        ? (int)Math.Max(1, (1L << 25) / ((long)modelSize * modelSize))
        : int.MaxValue;

    internal void Validate(int layerCount)
    {
        if (!Enum.IsDefined(Pooling))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Pooling),
                Pooling,
                $"Pooling is {Pooling}; it must be one of {string.Join(", ", Enum.GetNames<PoolingKind>())}.");
        }

        if (Layer is { } layer && (layer < 1 || layer > layerCount))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Layer), layer, $"Layer is {layer} but the model's layers are 1 to {layerCount}.");
        }
    }
}
