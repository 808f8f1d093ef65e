using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A row's score, and the identity by which a later pass knows that it is the same row.</summary>
internal sealed record ScoredRow(DataViewRowId Id, RowScore Score)
{
    // two objects, three array headers and the references to them
    private const int FixedBytes = 200;

    /// <summary>Gets about how much memory the row takes.</summary>
    public long MemorySize => FixedBytes
        + sizeof(float) * ((long)Score.TokenLogLikelihoods.Length + Score.Features.Length + Score.ExpertUsage.Length);

    /// <summary>Adds the parts that were computed later.</summary>
    /// <exception cref="InvalidOperationException">They are of another row.</exception>
    public ScoredRow With(ScoredRow added)
    {
        ThrowIfNot(added.Id);
        return this with { Score = Join(Score, added.Score) };
    }

    /// <summary>Throws if another row stands in this one's place.</summary>
    public void ThrowIfNot(DataViewRowId id)
    {
        if (!Id.Equals(id))
        {
            throw InputChanged();
        }
    }

    /// <summary>What to say when the input is not what it was when it was read before.</summary>
    public static InvalidOperationException InputChanged() => new(
        "The input gave other rows, or rows in another order, than when it was read before. A transformed view keeps "
        + "what it computed and reads its input more than once: call Transform again after the data changed, and cache "
        + "an input that can be read only once (mlContext.Data.Cache).");

    private static RowScore Join(RowScore kept, RowScore added) => kept with
    {
        TokenLogLikelihoods = Either(kept.TokenLogLikelihoods, added.TokenLogLikelihoods),
        Features = Either(kept.Features, added.Features),
        ExpertUsage = Either(kept.ExpertUsage, added.ExpertUsage),
    };

    private static float[] Either(float[] kept, float[] added) => kept.Length > 0 ? kept : added;
}
