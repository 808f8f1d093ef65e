namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TokenFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder.File("text.tokens");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(300, 2)]
    [InlineData(65536, 2)]
    [InlineData(65537, 4)]
    [InlineData(int.MaxValue, 4)]
    public void Open_WrittenFile_GivesBackTokensInTheNarrowestWidth(int vocabularySize, int bytesPerToken)
    {
        int[] tokens = [0, 1, 255, 256, vocabularySize - 1];
        using var file = TokenFiles.Create(FilePath, vocabularySize, tokens, utf8ByteCount: 42);

        Assert.Equal(tokens.Select(token => (long)token), file.ReadAll());
        Assert.Equal(vocabularySize, file.VocabularySize);
        Assert.Equal(42, file.Utf8ByteCount);
        Assert.Equal(TokenFileHeader.Size + (tokens.Length * bytesPerToken), new FileInfo(FilePath).Length);
    }

    [Fact]
    public void Append_Documents_EachEndsWithTheSeparatorAndEmptyOnesVanish()
    {
        using (var writer = new TokenFileWriter(FilePath, 10, separator: 9))
        {
            writer.Append([1, 2], 5);
            writer.Append([], 3);
            writer.Append([3], 2);
            writer.Complete();
        }

        using var file = TokenFile.Open(FilePath);
        Assert.Equal([1, 2, 9, 3, 9], file.ReadAll());
        Assert.Equal(2, file.DocumentCount);
        Assert.Equal(7, file.Utf8ByteCount);
    }

    [Fact]
    public void Append_MoreThanOneBuffer_KeepsEveryToken()
    {
        const int count = 200_001; // more than three buffers of 64 KiB at four bytes a token
        using var file = TokenFiles.CreateCounting(FilePath, count);
        Assert.Equal(Enumerable.Range(0, count).Select(i => (long)i), file.ReadAll());
    }

    [Fact]
    public void Complete_NoDocuments_MakesAnEmptyFile()
    {
        using var file = TokenFiles.Create(FilePath, 5, []);
        Assert.Equal(0, file.TokenCount);
        Assert.Empty(file.ReadAll());
    }

    [Fact]
    public void Dispose_WithoutComplete_LeavesTheOldFileAndNothingElse()
    {
        TokenFiles.Create(FilePath, 5, [4]).Dispose();
        using (var writer = new TokenFileWriter(FilePath, 5, separator: null))
        {
            writer.Append([1, 2, 3], 3);
        }

        using var file = TokenFile.Open(FilePath);
        Assert.Equal([4], file.ReadAll());
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(5)]
    public void Append_TokenOutsideTheVocabulary_Throws(int token)
    {
        using var writer = new TokenFileWriter(FilePath, 5, separator: null);
        var fault = Assert.Throws<ArgumentOutOfRangeException>(() => writer.Append([token], 1));
        Assert.Contains("vocabulary of 5 (0 to 4)", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Hash_OtherTokens_IsAnother()
    {
        using var one = TokenFiles.Create(_folder.File("one"), 5, [1, 2]);
        using var same = TokenFiles.Create(_folder.File("same"), 5, [1, 2]);
        using var other = TokenFiles.Create(_folder.File("other"), 5, [2, 1]);
        Assert.Equal(one.Hash, same.Hash);
        Assert.NotEqual(one.Hash, other.Hash);
    }

    [Fact]
    public void Open_FileCutShort_SaysSo()
    {
        TokenFiles.Create(FilePath, 5, [1, 2, 3]).Dispose();
        File.WriteAllBytes(FilePath, File.ReadAllBytes(FilePath)[..^1]);
        var fault = Assert.Throws<InvalidDataException>(() => TokenFile.Open(FilePath));
        Assert.Contains("cut short", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(TokenFileHeader.Size)]
    public void Open_AnotherKindOfFile_SaysSo(int length)
    {
        File.WriteAllBytes(FilePath, new byte[length]);
        var fault = Assert.Throws<InvalidDataException>(() => TokenFile.Open(FilePath));
        Assert.Contains("not a token file", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8, 200, "version 200")]          // version
    [InlineData(12, 4, "contradicts itself")]    // bytes a token: this vocabulary needs two
    [InlineData(16, 0, "contradicts itself")]    // an empty vocabulary
    [InlineData(20, 5, "contradicts itself")]    // a separator outside the vocabulary
    [InlineData(24, -1, "contradicts itself")]   // a negative count
    public void Open_DamagedHeader_SaysWhatIsWrong(int offset, long value, string message)
    {
        using (var writer = new TokenFileWriter(FilePath, 5, separator: 0))
        {
            writer.Append([1, 2, 3], 3);
            writer.Complete();
        }

        var bytes = File.ReadAllBytes(FilePath);
        var field = BitConverter.GetBytes(value).AsSpan(0, offset < 24 ? 4 : 8);
        field.CopyTo(bytes.AsSpan(offset));
        File.WriteAllBytes(FilePath, bytes);
        var fault = Assert.Throws<InvalidDataException>(() => TokenFile.Open(FilePath));
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(2, 2)]
    [InlineData(0, 4)]
    public void Read_OutsideTheFile_Throws(long start, int count)
    {
        using var file = TokenFiles.Create(FilePath, 5, [1, 2, 3]);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read(start, new long[count]));
    }
}
