using System.Text;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TokenCorpusTests : IDisposable
{
    private static readonly TextTokenizer Bytes = TextTokenizer.Train(
        new ByteTokenizerOptions(), Array.Empty<string>());

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_Documents_SeparatesThemAndCountsTheirBytes()
    {
        using var corpus = Write(["ab", "", "é"], 0);
        Assert.Equal(['a', 'b', Bytes.SeparatorId, 0xC3, 0xA9, Bytes.SeparatorId], corpus.Training.ReadAll());
        Assert.Equal(4, corpus.Training.Utf8ByteCount);
        Assert.Equal(2, corpus.Training.DocumentCount);
        Assert.Null(corpus.Validation);
    }

    [Fact]
    public void Write_ValidationFraction_KeepsAboutThatShareOfWholeRows()
    {
        string[] rows = [.. Enumerable.Range(0, 2000).Select(i => $"row {i}")];
        using var corpus = Write(rows, 0.1);
        var (training, validation) = (Rows(corpus.Training), Rows(corpus.Validation!));
        Assert.InRange(validation.Length, 140, 260); // 200 expected, standard deviation 13
        Assert.Equal(rows, training.Concat(validation).OrderBy(row => int.Parse(row[4..], null)));
        Assert.NotEqual(Enumerable.Range(0, validation.Length), validation.Select(row => int.Parse(row[4..], null))); // not the first ones
    }

    [Fact]
    public void Write_OtherSeed_KeepsOtherRows()
    {
        string[] rows = [.. Enumerable.Range(0, 500).Select(i => $"row {i}")];
        using var one = Write(rows, 0.1, seed: 1);
        using var again = Write(rows, 0.1, seed: 1);
        using var other = Write(rows, 0.1, seed: 2);
        Assert.Equal(one.Validation!.Hash, again.Validation!.Hash);
        Assert.NotEqual(one.Validation.Hash, other.Validation!.Hash);
    }

    [Fact]
    public void Write_WhereTheFilesCannotBeStored_SaysWhatToDo()
    {
        var fault = Assert.ThrowsAny<IOException>(() => Write(RowsAndThen("a text", LoseTheFiles), 0));
        Assert.Contains("MLContext.TempFilePath", fault.Message, StringComparison.Ordinal);
        Assert.Contains(fault.InnerException!.Message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_RowsThatCannotBeRead_LetsTheirFaultSpeak()
    {
        var fault = Assert.Throws<IOException>(
            () => Write(RowsAndThen("a text", () => throw new IOException("the rows' own")), 0));
        Assert.Equal("the rows' own", fault.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    private void LoseTheFiles()
    {
        foreach (var folder in Directory.GetDirectories(_folder.Path))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<string> RowsAndThen(string row, Action act)
    {
        yield return row;
        act();
    }

    [Fact]
    public void Write_OneRow_IsTrainedOnWhateverTheFraction()
    {
        using var corpus = Write(["only"], 0.99);
        Assert.Equal(1, corpus.Training.DocumentCount);
        Assert.Null(corpus.Validation);
    }

    [Fact]
    public void Write_ValidationRowsGiven_KeepsNoOthers()
    {
        using var corpus = TokenCorpus.Write(
            Documents(["a", "b", "c"]), Documents(["v"]), Bytes, new() { ValidationFraction = 0.9, Shuffle = false },
            _folder.Path, CancellationToken.None);
        Assert.Equal(["a", "b", "c"], Rows(corpus.Training));
        Assert.Equal(["v"], Rows(corpus.Validation!));
    }

    [Fact]
    public void Write_Shuffled_BringsWholeDocumentsIntoAnOrderOfTheSeed()
    {
        string[] rows =
            [.. Enumerable.Range(0, 300).Select(i => string.Concat(Enumerable.Repeat($"row {i};", 1 + i * 7 % 90)))];
        using var one = Write(rows, 0, seed: 1, shuffle: true);
        using var again = Write(rows, 0, seed: 1, shuffle: true);
        using var other = Write(rows, 0, seed: 2, shuffle: true);
        var order = Rows(one.Training);
        Assert.NotEqual(rows, order);
        Assert.Equal(rows.Order(StringComparer.Ordinal), order.Order(StringComparer.Ordinal));
        Assert.Equal(order, Rows(again.Training));
        Assert.NotEqual(order, Rows(other.Training));
        Assert.Equal(rows.Sum(row => row.Length), one.Training.Utf8ByteCount);
        Assert.Equal(rows.Length, one.Training.DocumentCount);
        Assert.InRange(rows.Index().Count(row => Array.IndexOf(order, row.Item) > row.Index), 100, 200);
    }

    [Fact]
    public void Write_NoText_SaysSoAndLeavesNothingBehind()
    {
        var fault = Assert.Throws<InvalidOperationException>(() => Write(["", ""], 0.1));
        Assert.Contains("No row of the training data holds any text", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Write_Cancelled_LeavesNothingBehind()
    {
        Assert.Throws<OperationCanceledException>(() =>
            TokenCorpus.Write(Documents(["a"]), null, Bytes, new(), _folder.Path, new CancellationToken(true)));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Dispose_DeletesTheFiles()
    {
        Write(["some text"], 0).Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    private static IEnumerable<ReadOnlyMemory<char>> Documents(IEnumerable<string> rows) =>
        rows.Select(row => row.AsMemory());

    private static string[] Rows(TokenFile file) => Encoding.UTF8
        .GetString([.. file.ReadAll().Select(token => token == Bytes.SeparatorId ? (byte)0 : (byte)token)])
        .TrimEnd('\0').Split('\0');

    private TokenCorpus Write(IEnumerable<string> rows, double fraction, int seed = 0, bool shuffle = false)
    {
        var options = new TrainingOptions { ValidationFraction = fraction, Seed = seed, Shuffle = shuffle };
        return TokenCorpus.Write(Documents(rows), null, Bytes, options, _folder.Path, CancellationToken.None);
    }
}
