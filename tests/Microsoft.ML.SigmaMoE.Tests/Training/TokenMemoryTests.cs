using System.Globalization;

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

    // what is read by way of a mapping is the system's to drop, and does not count; what the program itself holds does
    [Fact]
    public void WritingACorpusInRandomOrder_EightTimesTheText_PeaksNoHigher()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads what Linux counts.");
        PeakOf(Lines(10_000));    // whatever the first use of all this costs
        var (small, large) = (PeakOf(Lines(20_000)), PeakOf(Lines(160_000)));
        Assert.True(
            large - small < 12 << 20,
            $"{small >> 20} MB, then {large >> 20} MB: the text grew by {140_000 * 110 >> 20} MB.");
    }

    private long PeakOf(IEnumerable<ReadOnlyMemory<char>> documents)
    {
        GC.Collect();
        using var done = new CancellationTokenSource();
        var before = Anonymous();
        var watch = Task.Factory.StartNew(() => Watch(done.Token), TaskCreationOptions.LongRunning);
        var tokenizer = TextTokenizer.Train(new BytePairTokenizerOptions { VocabularySize = 500 }, documents);
        using (TokenCorpus.Write(documents, null, tokenizer, new() { Seed = 1 }, _folder.Path, CancellationToken.None))
        {
            done.Cancel();
        }

        return watch.Result - before;
    }

    private static long Watch(CancellationToken done)
    {
        var peak = 0L;
        do
        {
            peak = Math.Max(peak, Anonymous());
        }
        while (!done.WaitHandle.WaitOne(2));
        return peak;
    }

    private static long Anonymous()
    {
        var line = File.ReadLines("/proc/self/status").First(
            line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
        return 1024
            * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }

    private static IEnumerable<ReadOnlyMemory<char>> Lines(int count) => Enumerable.Range(0, count)
        .Select(i => string.Join(' ', Enumerable.Range(i, 20).Select(word => $"word{word * 7919 % 1000}")).AsMemory());
}
