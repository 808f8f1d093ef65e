using System.Text;
using CsCheck;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TiktokenCodecTests
{
    private static readonly Lazy<TextTokenizer> Cl100K = new(() => Train(new()));

    [Theory]
    [InlineData("cl100k_base", 100277, 100257)]
    [InlineData("o200k_base", 200019, 199999)]
    public void Encode_WithAPublishedEncoding_GivesWhatTheOriginalGives(string name, int size, int separator)
    {
        var original = TiktokenTokenizer.CreateForEncoding(name);
        var tokenizer = Train(new() { Encoding = name });
        Assert.Equal(size, tokenizer.VocabularySize);
        Assert.Equal(separator, tokenizer.SeparatorId);
        foreach (var (sample, text) in HostileText.Samples)
        {
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
            if (sample is not ("special token names" or "long astral word" or "long word" or "long white space"))
            {
                Assert.Equal(original.EncodeToIds(text), tokenizer.Encode(text));
            }
        }

        HostileText.WellFormed.Sample(
            text => original.EncodeToIds(text).SequenceEqual(tokenizer.Encode(text)), iter: 1000);
    }

    [Fact]
    public void Encode_OfSpecialTokenNames_IsOrdinaryText()
    {
        var special = Cl100K.Value.SpecialTokens.Values.Append(Cl100K.Value.SeparatorId);
        Assert.Equal(100258, Cl100K.Value.SpecialTokens["<|fim_prefix|>"]);
        Assert.Empty(Cl100K.Value.Encode("<|endoftext|><|fim_prefix|>").Intersect(special));
    }

    [Fact]
    public void From_ATiktokenTokenizer_GivesTheSameTokenizer()
    {
        var tokenizer = TextTokenizer.From(TiktokenTokenizer.CreateForEncoding("cl100k_base"));
        Assert.Equal(Cl100K.Value.VocabularySize, tokenizer.VocabularySize);
        Assert.Equal(Cl100K.Value.Encode("The same 12345 tokens, 日本語"), tokenizer.Encode("The same 12345 tokens, 日本語"));
    }

    [Fact]
    public void From_ATiktokenTokenizerOfUnknownSize_SaysWhatToUse()
    {
        using var file = new MemoryStream(File());
        var fault = Assert.Throws<NotSupportedException>(
            () => TextTokenizer.From(TiktokenTokenizer.Create(file, null, null)));
        Assert.Contains("257 tokens", fault.Message);
        Assert.Contains(nameof(TiktokenTokenizerOptions), fault.Message);
    }

    [Fact]
    public void Train_WithoutThePackageOfTheEncoding_NamesIt()
    {
        var fault = Assert.Throws<InvalidOperationException>(() => Train(new() { Encoding = "p50k_base" }));
        Assert.Contains("Microsoft.ML.Tokenizers.Data.P50kBase", fault.Message);
    }

    [Fact]
    public void Train_WithAFile_ReadsIt()
    {
        var tokenizer = Open(File());
        Assert.Equal([256, 'x', 256], tokenizer.Encode("thxth"));
        Assert.Equal(257, tokenizer.SeparatorId);
        Assert.Equal(258, tokenizer.VocabularySize);
        Assert.Empty(tokenizer.SpecialTokens);
        Assert.All(HostileText.Samples.Values, text => Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text))));
    }

    [Fact]
    public void Train_WithAFileOfBlankLinesAndWindowsEnds_ReadsIt()
    {
        var text = "\r\n" + Encoding.UTF8.GetString(File()).Replace("\n", "\r\n\r\n", StringComparison.Ordinal);
        Assert.Equal([256], Open(Encoding.UTF8.GetBytes(text)).Encode("th"));
    }

    [Fact]
    public void Load_OfASavedTokenizer_GivesTheSameTokenizer()
    {
        var files = new MemoryStreams();
        var saved = Open(File());
        saved.Save(files);
        TokenizerAssert.Same(saved, TextTokenizer.Load(files));
        Assert.Equal(["text_tokenizer.json", "vocabulary.tiktoken"], files.Files.Keys.Order());
    }

    [Fact]
    public void Load_OfATruncatedVocabulary_NamesTheFile()
    {
        var files = new MemoryStreams();
        Open(File()).Save(files);
        var whole = files.Files["vocabulary.tiktoken"];
        for (var length = 0; length < whole.Length - 1; length += 17)
        {
            files.Files["vocabulary.tiktoken"] = whole[..length];
            Assert.Contains(
                "memory/vocabulary.tiktoken",
                Assert.Throws<InvalidDataException>(() => TextTokenizer.Load(files)).Message);
        }
    }

    [Theory]
    [InlineData("no token", "is not a token")]
    [InlineData("YQ== -1", "is not a token")]
    [InlineData("YQ== 99999999", "99999999")]
    [InlineData("YQ== 0", "twice")]
    public void Train_WithADamagedFile_NamesFileAndProblem(string line, string problem)
    {
        var fault = Assert.Throws<InvalidDataException>(() => Open([.. File(), .. Encoding.UTF8.GetBytes(line)]));
        Assert.Contains("sample.tiktoken", fault.Message);
        Assert.Contains(problem, fault.Message);
    }

    private static byte[] File() => Encoding.UTF8.GetBytes(string.Concat(
        Enumerable.Range(0, 256).Select(value => $"{Convert.ToBase64String([(byte)value])} {value}\n"))
        + $"{Convert.ToBase64String("th"u8)} 256\n");

    private static TextTokenizer Open(byte[] content)
    {
        using var folder = new TemporaryFolder();
        System.IO.File.WriteAllBytes(folder.File("sample.tiktoken"), content);
        return Train(new() { Path = folder.File("sample.tiktoken") });
    }

    private static TextTokenizer Train(TiktokenTokenizerOptions options) =>
        TextTokenizer.Train(options, Array.Empty<string>());
}
