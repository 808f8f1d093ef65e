using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>How a token's experts are chosen and weighted. A closed hierarchy: one record a router.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(SigmoidRouterOptions), "sigmoid")]
public abstract record RouterOptions
{
    private protected RouterOptions()
    {
    }

    /// <summary>Gets the probability that an expert is unavailable to a token in training (δ). Nothing is rescaled.</summary>
    public double ExpertDropout { get; init; }

    /// <summary>Gets the weight of the balancing loss (γ).</summary>
    public double BalancingWeight { get; init; } = 0.001;

    internal virtual void Validate()
    {
        OptionChecks.ThrowIfNotProbability(ExpertDropout);
        OptionChecks.ThrowIfNotFinite(BalancingWeight);
    }
}
