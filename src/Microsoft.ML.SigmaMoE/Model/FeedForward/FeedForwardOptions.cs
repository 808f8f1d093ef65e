using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Which feed-forward block stands in every layer. A closed hierarchy: one record a block.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(DenseOptions), "dense")]
[JsonDerivedType(typeof(TopKOptions), "top-k")]
[JsonDerivedType(typeof(ProductKeyMemoryOptions), "product-key-memory")]
[JsonDerivedType(typeof(MixtureOfExpertsOptions), "mixture-of-experts")]
public abstract record FeedForwardOptions
{
    private protected FeedForwardOptions()
    {
    }

    internal abstract void Validate();
}
