using CsCheck;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TextTokenizerTests
{
    public static TheoryData<string, string> EveryKindAndSample =>
        [.. from kind in SampleTokenizers.Lossless.Keys from sample in HostileText.Samples.Keys select (kind, sample)];

    public static TheoryData<string> EveryKind => [.. SampleTokenizers.Lossless.Keys];

    [Theory]
    [MemberData(nameof(EveryKindAndSample))]
    public void Decode_OfEncodedText_GivesTheTextBack(string kind, string sample)
    {
        var tokenizer = SampleTokenizers.Lossless[kind];
        var text = HostileText.Samples[sample];
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void Decode_OfAnyEncodedText_GivesTheTextBack(string kind)
    {
        var tokenizer = SampleTokenizers.Lossless[kind];
        HostileText.WellFormed.Sample(text => tokenizer.Decode(tokenizer.Encode(text)) == text, iter: 2000);
    }

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void Decode_OfBrokenSurrogates_GivesReplacementCharacters(string kind)
    {
        var tokenizer = SampleTokenizers.Lossless[kind];
        HostileText.Broken.Sample(
            text => tokenizer.Decode(tokenizer.Encode(text)) == HostileText.Repaired(text), iter: 2000);
    }

    [Theory]
    [MemberData(nameof(EveryKindAndSample))]
    public void Encode_OfAnyText_StaysInTheVocabularyAndNeverUsesSpecialTokens(string kind, string sample)
    {
        var tokenizer = SampleTokenizers.Lossless[kind];
        var special = tokenizer.SpecialTokens.Values.Append(tokenizer.SeparatorId).ToHashSet();
        Assert.All(tokenizer.Encode(HostileText.Samples[sample]), id =>
        {
            Assert.InRange(id, 0, tokenizer.VocabularySize - 1);
            Assert.DoesNotContain(id, special);
        });
    }

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void Encode_OfMillionCharactersWithoutASpace_TakesLinearTimeAndRoundTrips(string kind)
    {
        var tokenizer = SampleTokenizers.Lossless[kind];
        var random = new Random(1);
        var text = string.Create(1_000_000, random, (word, source) => source.GetItems("abcthé", word));
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void Encode_IntoABuffer_AppendsWhatEncodeReturns(string kind)
    {
        var tokenizer = SampleTokenizers.Lossless[kind];
        List<int> ids = [7];
        tokenizer.Encode("the other thing", ids);
        tokenizer.Encode("", ids);
        tokenizer.Encode(" 99", ids);
        Assert.Equal([7, .. tokenizer.Encode("the other thing"), .. tokenizer.Encode(" 99")], ids);
    }

    [Theory]
    [MemberData(nameof(EveryKindAndSample))]
    public void CountTokens_OfAnyText_IsTheLengthOfEncode(string kind, string sample)
    {
        var tokenizer = SampleTokenizers.Lossless[kind];
        var text = HostileText.Samples[sample];
        Assert.Equal(tokenizer.Encode(text).Length, tokenizer.CountTokens(text));
    }

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void Decode_OfTheSeparator_IsNothing(string kind)
    {
        var tokenizer = SampleTokenizers.Lossless[kind];
        Assert.Equal(tokenizer.VocabularySize - 1, tokenizer.SeparatorId);
        Assert.Equal(
            "ab", tokenizer.Decode([.. tokenizer.Encode("a"), tokenizer.SeparatorId, .. tokenizer.Encode("b")]));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(257)]
    public void Decode_OfAnUnknownId_NamesIdAndVocabulary(int id)
    {
        var fault = Assert.Throws<ArgumentOutOfRangeException>(() => SampleTokenizers.Bytes.Decode([id]));
        Assert.Contains($"The id {id} is not in the vocabulary of 0 to 256.", fault.Message);
    }

    [Fact]
    public void Encode_WithBytes_GivesUtf8()
    {
        Assert.Equal([0x61, 0xC3, 0xA9, 0xF0, 0x9F, 0x91, 0x8D], SampleTokenizers.Bytes.Encode("aé👍"));
        Assert.Equal(257, SampleTokenizers.Bytes.VocabularySize);
    }

    [Fact]
    public void SpecialTokens_OfBytePairs_FollowTheTextTokens()
    {
        var tokenizer = SampleTokenizers.BytePair;
        Assert.Equal(tokenizer.VocabularySize - 3, tokenizer.SpecialTokens["<|user|>"]);
        Assert.Equal(tokenizer.VocabularySize - 2, tokenizer.SpecialTokens["<|system|>"]);
        Assert.Equal("<|user|>", tokenizer.Decode([tokenizer.SpecialTokens["<|user|>"]]));
    }

    [Fact]
    public async Task Encode_OnManyThreads_GivesWhatOneThreadGives()
    {
        var tokenizer = TextTokenizer.Train(
            new BytePairTokenizerOptions { VocabularySize = 400 }, HostileText.Samples.Values);
        var reference = TextTokenizer.Train(
            new BytePairTokenizerOptions { VocabularySize = 400 }, HostileText.Samples.Values);
        var texts = Enumerable.Range(0, 400).Select(i => $"{i} the {i * 7919} other thing{i} 日本{i}語").ToArray();
        var expected = texts.Select(text => reference.Encode(text)).ToArray();
        var runs = Enumerable.Range(0, 8).Select(
            _ => Task.Run(() => texts.Select(text => tokenizer.Encode(text)).ToArray()));
        Assert.All(await Task.WhenAll(runs), actual => Assert.Equal(expected, actual));
    }
}
