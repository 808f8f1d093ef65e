namespace Microsoft.ML.SigmaMoE.Tests;

[Collection(Alone.Name)]
public sealed class TokenMemoryTests : IDisposable
{
    private const int Documents = 3000, DocumentLength = 10_000;  // 30 million tokens, 60 MB on disk
    private const long Allowed = 4 << 20;
    private readonly TemporaryFolder _folder = new();
    private readonly long _before = GC.GetTotalMemory(forceFullCollection: true);

    private long Held => GC.GetTotalMemory(forceFullCollection: true) - _before;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void WritingAndReading_LargeText_HoldsNoneOfItInMemory()
    {
        using (var writer = new TokenFileWriter(_folder.File("large"), 1000, separator: 999))
        {
            int[] document = [.. Enumerable.Range(0, DocumentLength).Select(i => i % 999)];
            for (var i = 0; i < Documents; i++)
            {
                writer.Append(document, DocumentLength);
            }

            Assert.InRange(Held, long.MinValue, Allowed);
            writer.Complete();
        }

        using var tokens = TokenFile.Open(_folder.File("large"));
        Assert.Equal(Documents * (DocumentLength + 1L), tokens.TokenCount);
        var stream = new TokenStream(tokens, batchSize: 16, segmentLength: 4096, shuffleSeed: 1);
        while (stream.Position != new StreamPosition(0, stream.StepsPerEpoch - 1))
        {
            stream.Next().Dispose();
        }

        Assert.InRange(Held, long.MinValue, Allowed);
    }
}
