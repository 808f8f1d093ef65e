using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What an attention computes with: tensors as projections make them; biases and scale are float32 whatever the others
/// are.
/// </summary>
/// <param name="Queries">[batch, T, heads · head].</param>
/// <param name="KeysAndValues">[batch, S, heads · 2 · head].</param>
/// <param name="Places">[S, heads · head].</param>
/// <param name="ContentBias">u: [heads, head].</param>
/// <param name="PositionBias">v: [heads, head].</param>
/// <param name="Scale">[1].</param>
internal readonly record struct AttentionInputs(
    Tensor Queries, Tensor KeysAndValues, Tensor Places, Tensor ContentBias, Tensor PositionBias, Tensor Scale)
{
    /// <summary>Gets all of them, in order.</summary>
    public Tensor[] All => [Queries, KeysAndValues, Places, ContentBias, PositionBias, Scale];

    /// <summary>Gets the same from a list in that order; what is not contiguous is copied.</summary>
    public static AttentionInputs Of(IReadOnlyList<object> list)
    {
        Tensor At(int place) => ((Tensor)list[place]).contiguous();
        return new(At(0), At(1), At(2), At(3), At(4), At(5));
    }
}
