namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What one contender took. Numbers of one run belong together: contenders ran in turns on the same inputs.
/// </summary>
public sealed record BenchmarkResult
{
    /// <summary>Gets what was measured, and who.</summary>
    public required string Name { get; init; }

    /// <summary>Gets where it ran.</summary>
    public required string Device { get; init; }

    /// <summary>Gets the sizes.</summary>
    public required string Shape { get; init; }

    /// <summary>Gets the size that grows from result to result, where one does; null elsewhere.</summary>
    public int? Size { get; init; }

    /// <summary>Gets the number type of the multiplications.</summary>
    public required string Precision { get; init; }

    /// <summary>Gets the median time.</summary>
    public required double Milliseconds { get; init; }

    /// <summary>Gets the time that a quarter of the runs stayed below.</summary>
    public required double LowerQuartile { get; init; }

    /// <summary>Gets the time that a quarter of the runs went above.</summary>
    public required double UpperQuartile { get; init; }

    /// <summary>Gets the contender that a ratio of 1 means, or null for none.</summary>
    public string? Baseline { get; init; }

    /// <summary>
    /// Gets how many times faster than the dense block in bfloat16; null where results disagreed with the reference.
    /// </summary>
    public double? RatioToDenseBf16 { get; init; }

    /// <summary>
    /// Gets how many times faster than the fastest dense block in float32; null where results disagreed.
    /// </summary>
    public double? RatioToDenseFloat32 { get; init; }

    /// <summary>Gets how many times faster than <see cref="Baseline"/>; null where results disagreed.</summary>
    public double? RatioToBaseline { get; init; }

    /// <summary>Gets the time over that of the whole, for parts of a step; null elsewhere.</summary>
    public double? Share { get; init; }

    /// <summary>
    /// Gets the distance from the float64 reference over its length, the worst of output and gradients; null where
    /// there is none.
    /// </summary>
    public double? ErrorVsReference { get; init; }

    /// <summary>
    /// Gets by how much one run raised the process's resident memory, or null where that cannot be told.
    /// </summary>
    public long? PeakBytes { get; init; }
}
