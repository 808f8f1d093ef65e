using System.Text;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TextTokenizerFilesTests
{
    public static TheoryData<string> EveryKind => [.. SampleTokenizers.Lossless.Keys];

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void Load_OfASavedFolder_GivesTheSameTokenizer(string kind)
    {
        using var folder = new TemporaryFolder();
        var saved = SampleTokenizers.Lossless[kind];
        saved.Save(folder.File("new folder"));
        TokenizerAssert.Same(saved, TextTokenizer.Load(folder.File("new folder")));
    }

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void Train_OnASavedFolder_TakesItsTokenizer(string kind)
    {
        using var folder = new TemporaryFolder();
        var saved = SampleTokenizers.Lossless[kind];
        saved.Save(folder.Path);
        TokenizerAssert.Same(
            saved, TextTokenizer.Train(new SavedTokenizerOptions { Path = folder.Path }, ["other text"]));
    }

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void Load_OfSavedStreams_GivesTheSameTokenizer(string kind)
    {
        var saved = SampleTokenizers.Lossless[kind];
        TokenizerAssert.Same(saved, TextTokenizer.Load(Save(saved)));
    }

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void Save_OfALoadedTokenizer_WritesTheSameBytes(string kind)
    {
        var first = Save(SampleTokenizers.Lossless[kind]);
        Assert.Equal(first.Files, Save(TextTokenizer.Load(first)).Files);
    }

    [Fact]
    public void Save_OverAnotherTokenizer_ReplacesIt()
    {
        using var folder = new TemporaryFolder();
        SampleTokenizers.BytePairWithNumbers.Save(folder.Path);
        SampleTokenizers.BytePair.Save(folder.Path);
        TokenizerAssert.Same(SampleTokenizers.BytePair, TextTokenizer.Load(folder.Path));
        Assert.Equal(
            ["merges.txt", "text_tokenizer.json", "vocab.json"],
            Directory.GetFiles(folder.Path).Select(path => Path.GetFileName(path)).Order());
    }

    [Theory]
    [InlineData("text_tokenizer.json")]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    public void Load_WithoutAFile_NamesIt(string name)
    {
        var files = Save(SampleTokenizers.BytePair);
        files.Files.Remove(name);
        Assert.Contains(name, Assert.Throws<FileNotFoundException>(() => TextTokenizer.Load(files)).Message);
    }

    [Fact]
    public void Load_OfAFolderWithoutATokenizer_NamesTheMissingFile()
    {
        var fault = Assert.Throws<FileNotFoundException>(() => TextTokenizer.Load("/no/such/folder"));
        Assert.Contains("text_tokenizer.json", fault.Message);
    }

    [Theory]
    [InlineData("text_tokenizer.json")]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    public void Load_OfATruncatedFile_NamesIt(string name)
    {
        var whole = Save(SampleTokenizers.BytePair).Files[name];
        for (var length = 0; length < whole.Length - 1; length += Math.Max(1, whole.Length / 50))
        {
            var files = Save(SampleTokenizers.BytePair);
            files.Files[name] = whole[..length];
            Assert.Contains(
                $"memory/{name}", Assert.Throws<InvalidDataException>(() => TextTokenizer.Load(files)).Message);
        }
    }

    [Theory]
    [InlineData("text_tokenizer.json", "null", "it is empty")]
    [InlineData("text_tokenizer.json", "[1]", "not a usable tokenizer file")]
    [InlineData("text_tokenizer.json", "{}", "not a usable tokenizer file")]
    [InlineData("text_tokenizer.json", """{"kind":"foreign","version":1,"separator_id":256,"special_tokens":{}}""", "foreign")]
    [InlineData("text_tokenizer.json", """{"kind":"bytes","version":9,"separator_id":256,"special_tokens":{}}""", "its version is 9")]
    [InlineData("text_tokenizer.json", """{"kind":"bytes","version":1,"special_tokens":{}}""", "separator_id")]
    [InlineData("text_tokenizer.json", """{"kind":"bytes","version":1,"separator_id":-5,"special_tokens":{}}""", "has the id -5")]
    [InlineData("text_tokenizer.json", """{"kind":"bytes","version":1,"separator_id":2000000000,"special_tokens":{}}""", "has the id 2000000000")]
    [InlineData("text_tokenizer.json", """{"kind":"bytes","version":1,"separator_id":3,"special_tokens":{}}""", "the id 3")]
    [InlineData("text_tokenizer.json", """{"kind":"bytes","version":1,"separator_id":256,"special_tokens":{"a":256}}""", "the id 256")]
    [InlineData("text_tokenizer.json", """{"kind":"bytes","version":1,"separator_id":256,"special_tokens":null}""", "not a usable")]
    [InlineData("vocab.json", "{}", "0x00")]
    [InlineData("vocab.json", """{"a":1,"a":2}""", "not a usable tokenizer file")]
    [InlineData("vocab.json", """{"a":2000000000}""", "2000000000")]
    [InlineData("vocab.json", """{"a":1,"b":1}""", "have the id 1")]
    [InlineData("vocab.json", """{"a":"b"}""", "not a usable tokenizer file")]
    [InlineData("merges.txt", "#version: 0.2\nt h e\n", "'t h e'")]
    [InlineData("merges.txt", "#version: 0.2\nnot there\n", "'not there'")]
    [InlineData("merges.txt", "#version: 0.2\nt h\nt h\n", "it has 2 merges")]
    public void Load_OfAForeignFile_NamesFileAndProblem(string name, string content, string problem)
    {
        var files = Save(SampleTokenizers.BytePair);
        files.Files[name] = Encoding.UTF8.GetBytes(content);
        var fault = Assert.Throws<InvalidDataException>(() => TextTokenizer.Load(files));
        Assert.Contains($"memory/{name}", fault.Message);
        Assert.Contains(problem, fault.Message);
    }

    [Fact]
    public void Load_OfAVocabularyThatIsNotByteLevel_SaysSo()
    {
        var files = Save(SampleTokenizers.BytePair);
        files.Files["vocab.json"] = [.. """{"▁the":9999,"""u8, .. files.Files["vocab.json"][1..]];
        Assert.Contains("byte-level", Assert.Throws<InvalidDataException>(() => TextTokenizer.Load(files)).Message);
    }

    [Fact]
    public void Load_OfAnEndlessFile_StopsAtTheLimit()
    {
        var fault = Assert.Throws<InvalidDataException>(() => TextTokenizer.Load(new EndlessStreams()));
        Assert.Contains("longer than", fault.Message);
    }

    private static MemoryStreams Save(TextTokenizer tokenizer)
    {
        var files = new MemoryStreams();
        tokenizer.Save(files);
        return files;
    }

    private sealed class EndlessStreams : INamedStreams
    {
        public string Locate(string name) => name;

        public void Write(string name, Action<Stream> write) => throw new NotSupportedException();

        public void Read(string name, Action<Stream> read) => read(new EndlessStream());
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override int Read(Span<byte> buffer) => buffer.Length;
    }
}
