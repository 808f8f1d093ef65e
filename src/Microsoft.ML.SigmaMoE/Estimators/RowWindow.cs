using System.Numerics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The rows that are read ahead and scored in one go. Windows double up to <see cref="Largest"/> rows, so that who
/// looks at the first rows only does not wait for many, and who reads all gets batches of rows of like length.
/// </summary>
/// <param name="Index">The number of windows before this one.</param>
/// <param name="Start">The position of its first row.</param>
/// <param name="Size">The number of its rows, if the input has that many.</param>
internal readonly record struct RowWindow(int Index, long Start, int Size)
{
    public const int Smallest = 16;
    public const int Largest = 512;

    // the doubling windows together, and how many they are
    private const int GrowingRows = Largest - Smallest;
    private static readonly int GrowingWindows = BitOperations.Log2(Largest / Smallest);

    /// <summary>Finds the window of the row at <paramref name="position"/>.</summary>
    public static RowWindow Containing(long position)
    {
        if (position < GrowingRows)
        {
            var index = BitOperations.Log2((uint)(position / Smallest + 1));
            return new(index, Smallest * ((1L << index) - 1), Smallest << index);
        }

        var full = (position - GrowingRows) / Largest;
        return new(checked((int)(GrowingWindows + full)), GrowingRows + full * Largest, Largest);
    }
}
