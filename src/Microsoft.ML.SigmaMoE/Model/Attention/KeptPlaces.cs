using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The projections of the relative positions that a model can see, of which a segment reads the latest: made once, for
/// weights that do not change. Fewer are never made, so that a result does not depend on what was read before.
/// </summary>
/// <param name="all">[reach, heads · head]: the positions 1 − reach … 0. Is owned.</param>
internal sealed class KeptPlaces(Tensor all) : IDisposable
{
    /// <summary>
    /// How many are kept at most, 16 MB a layer of d_model 512: a memory may be made long beyond any text. Segments that
    /// see more compute theirs.
    /// </summary>
    public const int Most = 8192;

    /// <summary>Gets the positions 1 − count … 0, [count, heads · head].</summary>
    public Tensor Latest(long count) => all.narrow(0, all.size(0) - count, count);

    /// <inheritdoc/>
    public void Dispose() => all.Dispose();
}
