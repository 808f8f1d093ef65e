namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class RowWindowTests
{
    [Fact]
    public void Containing_EveryPosition_TilesTheRows()
    {
        var expected = new RowWindow(0, 0, RowWindow.Smallest);
        for (var position = 0L; position < 5000; position++)
        {
            if (position == expected.Start + expected.Size)
            {
                expected = new(expected.Index + 1, position, Math.Min(2 * expected.Size, RowWindow.Largest));
            }

            Assert.Equal(expected, RowWindow.Containing(position));
        }

        Assert.Equal(RowWindow.Largest, expected.Size);
    }

    [Fact]
    public void Containing_FarAway_DoesNotOverflow()
    {
        var window = RowWindow.Containing(1L << 39);
        Assert.InRange(1L << 39, window.Start, window.Start + window.Size - 1);
    }
}
