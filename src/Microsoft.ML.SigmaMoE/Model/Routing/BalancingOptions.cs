using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Which loss R keeps all experts in use. A closed hierarchy: one record a loss; its weight γ is the router's.
/// </summary>
/// <remarks>
/// The losses work on the raw logits x · W_sᵀ of all tokens that a block read in one training step, whatever the router
/// makes of the logits, and are added once per block. A weight of 0 turns the loss off.
/// </remarks>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(EntropyBalancingOptions), "entropy")]
[JsonDerivedType(typeof(SwitchBalancingOptions), "switch")]
[JsonDerivedType(typeof(ImportanceAndLoadBalancingOptions), "importance-and-load")]
public abstract record BalancingOptions
{
    private protected BalancingOptions()
    {
    }

    internal abstract void Validate();
}
