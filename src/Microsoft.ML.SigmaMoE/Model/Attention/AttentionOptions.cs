using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>How tokens see each other. A closed hierarchy: one record a kind of attention.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(RelativeAttentionOptions), "relative")]
[JsonDerivedType(typeof(RotaryAttentionOptions), "rotary")]
public abstract record AttentionOptions
{
    private protected AttentionOptions()
    {
    }

    internal abstract void Validate(ModelOptions model);

    /// <summary>Counts the parameters of one layer's attention.</summary>
    internal abstract long Parameters(ModelOptions model);
}
