namespace Microsoft.ML.SigmaMoE.Tests;

public sealed unsafe class LargestInRowsTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(7, 9, 3)]
    [InlineData(8, 16, 4)]
    [InlineData(45, 16, 16)]
    [InlineData(33, 512, 8)]
    public void Find_OfAnyNumbers_AreThoseOfEachRow(int count, int width, int wanted)
    {
        var random = new Random(count);
        AssertAsOneByOne([.. Enumerable.Range(0, count * width).Select(_ => random.Next(20) - 10f)], width, wanted); // many are equal
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void Find_OfRowsWithoutEnoughNumbers_AreThoseOfEachRow(float missing)
    {
        var random = new Random(1);
        AssertAsOneByOne([.. Enumerable.Range(0, 8 * 24).Select(place => place % 3 > 0 || place < 24 ? missing : random.NextSingle())], 8, 4);
    }

    private static void AssertAsOneByOne(float[] values, int width, int wanted)
    {
        var count = values.Length / width;
        var (places, largest) = (new long[count * wanted], new float[count * wanted]);
        using (var search = new LargestInRows(width, wanted))
        {
            fixed (float* rows = values, found = largest)
            {
                fixed (long* at = places)
                {
                    search.Find(rows, count, at, found);
                }
            }
        }

        for (var row = 0; row < count; row++)
        {
            var (one, sizes) = (new int[wanted], new float[wanted]);
            LargestValues.Find(values.AsSpan(row * width, width), one, sizes);
            Assert.Equal(one.Select(place => (long)place), places[(row * wanted)..((row + 1) * wanted)]);
            Assert.Equal(sizes, largest[(row * wanted)..((row + 1) * wanted)]);
        }
    }
}
