using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Which feed-forward blocks stand in the layers. A closed hierarchy: one record a block.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(DenseOptions), "dense")]
[JsonDerivedType(typeof(TopKOptions), "top-k")]
[JsonDerivedType(typeof(ProductKeyMemoryOptions), "product-key-memory")]
[JsonDerivedType(typeof(MixtureOfExpertsOptions), "mixture-of-experts")]
[JsonDerivedType(typeof(InterleavedOptions), "interleaved")]
public abstract record FeedForwardOptions
{
    private protected FeedForwardOptions()
    {
    }

    /// <summary>Gets the block of one layer; all layers have the same unless an option says otherwise.</summary>
    internal virtual FeedForwardOptions ForLayer(int layer) => this;

    /// <summary>Gets which blocks a model has, and in how many layers.</summary>
    internal virtual IEnumerable<(FeedForwardOptions Block, int Count)> Blocks(int layerCount) => [(this, layerCount)];

    internal abstract void Validate();
}
