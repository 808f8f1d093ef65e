using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class DocumentStartsTests
{
    private const int Separator = 9;

    [Fact]
    public void Find_ASegmentWithoutMemory_LetsEveryTokenSeeBackToItsSeparator()
    {
        var found = Find([[1, 2, Separator, 3], [Separator, 4, Separator, Separator]], [], memory: 0);
        Assert.Equal([0, 0, 2, 2, 0, 0, 2, 3], found.Keys);
        Assert.Equal([2, 1], found.Open);
    }

    [Fact]
    public void Find_ADocumentBegunInMemory_CountsBackIntoIt()
    {
        var found = Find([[1, 2], [Separator, 4]], open: [3, 5], memory: 8);
        Assert.Equal([5, 5, 8, 8], found.Keys);
        Assert.Equal([5, 2], found.Open);
    }

    [Fact]
    public void Find_ADocumentLongerThanMemory_SeesAllOfMemory()
    {
        var found = Find([[1, 2]], open: [30], memory: 8);
        Assert.Equal([0, 0], found.Keys);
        Assert.Equal([32], found.Open);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(7)]
    public void Find_SegmentBySegment_SaysTheSameAsAtOnce(int segment)
    {
        int[] text = [1, Separator, 2, 3, 4, 5, 6, 7, Separator, Separator, 8, 1, 2, 3];
        var whole = Find([text], [], memory: 0).Keys;
        long[] open = [];
        for (var start = 0; start < text.Length; start += segment)
        {
            var part = text[start..Math.Min(text.Length, start + segment)];
            var found = Find([part], open, memory: start);
            Assert.Equal(whole[start..(start + part.Length)], found.Keys);
            open = found.Open;
        }
    }

    private static DocumentStarts Find(int[][] rows, long[] open, long memory)
    {
        using var tokens = tensor(
            rows.SelectMany(row => row).Select(token => (long)token).ToArray(), [rows.Length, rows[0].Length]);
        return DocumentStarts.Find(tokens, Separator, open, memory);
    }
}
