using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A call in bfloat16.</summary>
/// <param name="inputs">What experts compute with.</param>
/// <param name="batch">The sorted tokens.</param>
/// <param name="mask">The factors on hidden vectors, [tokens, K, G], or null.</param>
/// <param name="raw">[positions, G], sorted: the hidden vectors before the activation.</param>
/// <param name="tokens">The tokens, rounded.</param>
internal sealed unsafe class RoundedCall(
    in ExpertInputs inputs, ExpertBatch batch, Tensor? mask, Tensor raw, RoundedRows tokens)
    : ExpertCall(inputs, batch, mask)
{
    private readonly ushort* _raw = TensorMemory.Of<ushort>(raw);

    /// <summary>Gets the tokens, rounded.</summary>
    public RoundedRows Tokens => tokens;

    public ushort* RawAt(int position) => _raw + (long)position * Shape.ExpertSize;

    /// <summary>Copies the rows of a stretch of sorted positions into a tile.</summary>
    public void Gather(TokenShare share, RoundedRows source, ushort* tile)
    {
        var width = Shape.PaddedModelSize;
        for (var row = 0; row < share.Count; row++)
        {
            new ReadOnlySpan<ushort>(source[TokenAt(share.Start + row)], width).CopyTo(
                new(tile + (long)row * width, width));
        }
    }
}
