namespace Microsoft.ML.SigmaMoE;

/// <summary>Rows of d_model numbers as kernels read them: of whole copies, in their number type.</summary>
internal static class ArrangedRows
{
    /// <summary>
    /// Arranges float32 rows; those that are of that form already stay where they are. The device is current.
    /// </summary>
    /// <param name="kernels">The device's kernels.</param>
    /// <param name="sizes">The layer.</param>
    /// <param name="rows">The address of [count, d_model], float32.</param>
    /// <param name="count">How many rows.</param>
    /// <param name="memory">Where memory comes from.</param>
    /// <returns>The address of [count, stride].</returns>
    public static nint Of(DeviceKernels kernels, ExpertSizes sizes, nint rows, long count, IDeviceMemory memory)
    {
        var numbers = sizes.Numbers;
        if (numbers.TakesRowsOf(sizes.ModelSize))
        {
            return rows;
        }

        var arranged = memory.Allocate(count * sizes.Stride * numbers.ElementBytes);
        kernels[$"conversion.{numbers.Name}", numbers.Conversion].Launch(
            ExpertSizes.Blocks(count * sizes.Stride / numbers.Copy), 256, 0, rows, arranged, count, sizes.ModelSize,
            sizes.Stride);
        return arranged;
    }
}
