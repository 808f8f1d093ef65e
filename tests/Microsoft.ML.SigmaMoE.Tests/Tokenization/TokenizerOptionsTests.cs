using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TokenizerOptionsTests
{
    public static TheoryData<TokenizerOptions> Invalid =>
    [
        new BytePairTokenizerOptions { VocabularySize = 256 },
        new BytePairTokenizerOptions { VocabularySize = 257, SpecialTokens = ["<a>"] },
        new BytePairTokenizerOptions { VocabularySize = 5_000_000 },
        new BytePairTokenizerOptions { MinimumPairFrequency = 0 },
        new BytePairTokenizerOptions { MaximumTrainingBytes = 0 },
        new BytePairTokenizerOptions { SpecialTokens = ["<a>", "<a>"] },
        new BytePairTokenizerOptions { SpecialTokens = [""] },
        new BytePairTokenizerOptions { SpecialTokens = ["<|endoftext|>"] },
        new BytePairTokenizerOptions { SpecialTokens = null! },
        new SentencePieceTokenizerOptions(),
        new SavedTokenizerOptions(),
        new TiktokenTokenizerOptions { Encoding = "unknown" },
        new TiktokenTokenizerOptions { Encoding = null! },
        new TiktokenTokenizerOptions { Path = " " },
    ];

    public static TheoryData<TokenizerOptions> Valid =>
    [
        new ByteTokenizerOptions(),
        new BytePairTokenizerOptions(),
        new BytePairTokenizerOptions { VocabularySize = 258, SpecialTokens = ["<a>"], MaximumTrainingBytes = 1, SplitDigits = false },
        new SentencePieceTokenizerOptions { Path = "a.model" },
        new SavedTokenizerOptions { Path = "tokenizer" },
        new TiktokenTokenizerOptions { Encoding = "o200k_base", Path = "a.tiktoken" },
    ];

    [Theory]
    [MemberData(nameof(Invalid), DisableDiscoveryEnumeration = true)]
    public void Validate_OfAWrongValue_Throws(TokenizerOptions options) =>
        Assert.ThrowsAny<ArgumentException>(() => TextTokenizer.Train(options, Array.Empty<string>()));

    [Theory]
    [MemberData(nameof(Valid), DisableDiscoveryEnumeration = true)]
    public void Json_OfOptions_ReadsBack(TokenizerOptions options)
    {
        options.Validate();
        var json = JsonSerializer.Serialize(options);
        var read = JsonSerializer.Deserialize<TokenizerOptions>(json)!;
        Assert.Equal(options.GetType(), read.GetType());
        Assert.Equal(json, JsonSerializer.Serialize(read));
    }

    [Fact]
    public void Defaults_OfBytePairs_AreThePapersVocabulary()
    {
        var options = new BytePairTokenizerOptions();
        Assert.Equal(8000, options.VocabularySize);
        Assert.Equal(2, options.MinimumPairFrequency);
        Assert.Null(options.MaximumTrainingBytes);
        Assert.True(options.SplitDigits);
        Assert.Empty(options.SpecialTokens);
    }

    [Fact]
    public void Train_OnNull_Throws()
    {
        Assert.Throws<ArgumentNullException>(() => TextTokenizer.Train(null!, Array.Empty<string>()));
        Assert.Throws<ArgumentNullException>(
            () => TextTokenizer.Train(new ByteTokenizerOptions(), (IEnumerable<string>)null!));
    }
}
