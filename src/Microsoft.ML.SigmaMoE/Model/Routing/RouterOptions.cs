using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// How a token's experts are chosen and weighted. A closed hierarchy: one record a router, and one for your own.
/// </summary>
/// <remarks>
/// <para>
/// Expert-choice routing, where experts take their tokens, is not among them: a token's experts would depend on the
/// tokens after it, which a language model must not see.
/// </para>
/// <para>
/// Where the paper's text and its authors' code differ, the default of every option is what the code computes, because
/// the numbers in the paper's tables come from it: changing this one record gives the table's row. The option says what
/// the text has.
/// </para>
/// </remarks>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(SigmoidRouterOptions), "sigmoid")]
[JsonDerivedType(typeof(SoftmaxBeforeTopKRouterOptions), "softmax-before-top-k")]
[JsonDerivedType(typeof(SoftmaxAfterTopKRouterOptions), "softmax-after-top-k")]
[JsonDerivedType(typeof(SinkhornRouterOptions), "sinkhorn")]
[JsonDerivedType(typeof(SwitchRouterOptions), "switch")]
[JsonDerivedType(typeof(NoisyTopKRouterOptions), "noisy-top-k")]
[JsonDerivedType(typeof(LossFreeRouterOptions), "loss-free")]
[JsonDerivedType(typeof(CustomRouterOptions), "custom")]
public abstract record RouterOptions
{
    private protected RouterOptions(double balancingWeight, BalancingOptions balancing) =>
        (BalancingWeight, Balancing) = (balancingWeight, balancing);

    /// <summary>
    /// Gets the probability that an expert is unavailable to a token in training (δ), drawn for every token and
    /// expert. Nothing is rescaled.
    /// </summary>
    /// <remarks>
    /// The paper's text drops "complete experts" and does not say for how many tokens; its code draws for each token,
    /// and so does this. As in the code, the score of a dropped expert is 0 where a score weighs it, and −∞ where the
    /// weight comes after top-k; the authors' stand-alone layer has −∞ everywhere, which breaks where fewer than K
    /// experts are left. None by default, as in the paper's small model. Its big model drops 10 % in the code, 20 %
    /// in the text.
    /// </remarks>
    public double ExpertDropout { get; init; }

    /// <summary>Gets the weight of the balancing loss (γ); 0 for none.</summary>
    /// <remarks>
    /// σ-MoE's 0.001 is that of the paper's recipe and of the 11.71 in its Table 3; the 11.59 of Table 4, and all
    /// ablations beside it, are runs with 0.0001. On C4 and peS2o the small models' runs have 0, the text 0.001.
    /// </remarks>
    public double BalancingWeight { get; init; }

    /// <summary>Gets the loss that keeps all experts in use.</summary>
    public BalancingOptions Balancing { get; init; }

    /// <summary>Gets how a mixture with this router begins, unless its options say otherwise.</summary>
    internal virtual ExpertInitializationOptions Initialization => ExpertInitializationOptions.SigmaMoE;

    internal virtual void Validate()
    {
        OptionChecks.ThrowIfNotProbability(ExpertDropout);
        OptionChecks.ThrowIfNotFinite(BalancingWeight);
        ArgumentNullException.ThrowIfNull(Balancing);
        Balancing.Validate();
    }
}
