namespace Microsoft.ML.SigmaMoE;

/// <summary>The names of one mixture of experts beside those of the authors' plug-and-play layer.</summary>
internal static class ExpertLayerNames
{
    /// <summary>Gets the table; names are those inside the block.</summary>
    public static WeightTable Table { get; } = new(
    [
        new("expert_up", "keys", Transposed: true),
        new("expert_down", "values"),
        new("expert_bias", "bias"),
        new("output_bias", "o_bias"),
        new("router.selection", "expert_sel"),
    ]);
}
