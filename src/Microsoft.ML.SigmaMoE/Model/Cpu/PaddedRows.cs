namespace Microsoft.ML.SigmaMoE;

/// <summary>Rows that stand further apart than they are wide.</summary>
internal static unsafe class PaddedRows
{
    /// <summary>Copies rows without what stands between them.</summary>
    /// <param name="source">The first row.</param>
    /// <param name="sourceStride">From one row to the next.</param>
    /// <param name="target">Where the first row goes.</param>
    /// <param name="targetStride">From there to where the next goes.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="width">Numbers of a row.</param>
    public static void Copy(float* source, nint sourceStride, float* target, nint targetStride, int rows, int width)
    {
        for (var row = 0; row < rows; row++)
        {
            new ReadOnlySpan<float>(source + row * sourceStride, width).CopyTo(new(target + row * targetStride, width));
        }
    }
}
