namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class LargestValuesTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 5)]
    [InlineData(64, 4)]
    [InlineData(512, 8)]
    public void Find_OfAnyNumbers_AreThoseOfASort(int count, int wanted)
    {
        var random = new Random(count);
        float[] values = [.. Enumerable.Range(0, count).Select(_ => random.Next(20) - 10f)]; // many are equal
        var (places, largest) = (new int[wanted], new float[wanted]);
        LargestValues.Find(values, places, largest);
        int[] sorted = [.. Enumerable.Range(0, count).OrderByDescending(place => values[place]).Take(wanted)];
        Assert.Equal(sorted, places);
        Assert.Equal(sorted.Select(place => values[place]), largest);
    }

    [Fact]
    public void Find_OfNoNumbers_AreDifferentPlaces()
    {
        var (places, largest) = (new int[3], new float[3]);
        LargestValues.Find([float.NaN, float.NaN, float.NegativeInfinity, float.NaN], places, largest);
        Assert.Equal(3, places.Distinct().Count());
    }
}
