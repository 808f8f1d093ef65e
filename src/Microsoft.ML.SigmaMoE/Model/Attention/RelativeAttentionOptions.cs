namespace Microsoft.ML.SigmaMoE;

/// <summary>The paper's attention: Transformer-XL's, with relative positions and a learned scale.</summary>
/// <remarks>
/// Where Transformer-XL divides logits by √(head size), the authors' code multiplies them by a number that starts
/// there and is learned, and so does this. It also keeps a number that nothing reads; it is kept here too, for it is
/// in their checkpoints and parameter counts. Probabilities are not dropped: in the authors' runs that is off.
/// </remarks>
public sealed record RelativeAttentionOptions : AttentionOptions
{
    internal override void Validate(ModelOptions model)
    {
        if (model.ModelSize % 2 != 0)
        {
            throw new ArgumentException(
                $"ModelSize is {model.ModelSize}; it must be even: positions are pairs of sine and cosine.");
        }
    }

    // query, key, value, position and merging matrices, two biases, the scale and an unused number
    internal override long Parameters(ModelOptions model)
    {
        var heads = checked((long)model.HeadCount * model.EffectiveHeadSize);
        return checked(5 * model.ModelSize * heads + 2 * heads + 2);
    }
}
