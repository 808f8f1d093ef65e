namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Scores rows of text, many at a time. Rows are independent documents. Safe to use from several threads at once.
/// </summary>
internal interface IRowScorer
{
    /// <summary>Gets the length of <see cref="RowScore.Features"/>.</summary>
    int FeatureSize { get; }

    /// <summary>
    /// Gets the number of layers with experts; <see cref="RowScore.ExpertUsage"/> has this times
    /// <see cref="ExpertCount"/> entries.
    /// </summary>
    int ExpertLayerCount { get; }

    /// <summary>Gets the number of experts a layer; 0 for a dense model.</summary>
    int ExpertCount { get; }

    /// <summary>
    /// Scores <paramref name="rows"/>, computing only <paramref name="parts"/>; results are in the order of the rows.
    /// </summary>
    RowScore[] Score(IReadOnlyList<ReadOnlyMemory<char>> rows, ScoreParts parts, CancellationToken cancellationToken);
}
