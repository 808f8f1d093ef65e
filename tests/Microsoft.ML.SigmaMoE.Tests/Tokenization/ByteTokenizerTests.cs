using System.Buffers;
using CsCheck;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ByteTokenizerTests
{
    private readonly ByteTokenizer _tokenizer = new();

    [Fact]
    public void EncodeToIds_OfAnyText_GivesItsUtf8() => HostileText.Broken.Sample(
        text => _tokenizer.EncodeToIds(text).SequenceEqual(System.Text.Encoding.UTF8.GetBytes(text).Select(value => (int)value)));

    [Fact]
    public void Decode_OfEncodedText_GivesTheTextBack()
    {
        Assert.All(
            HostileText.Samples.Values, text => Assert.Equal(text, _tokenizer.Decode(_tokenizer.EncodeToIds(text))));
        Assert.Equal("ab", _tokenizer.Decode(['a', ByteTokenizer.SeparatorId, 'b']));
    }

    [Fact]
    public void EncodeToTokens_OfAWideCharacter_GivesEveryByteTheCharactersPlace()
    {
        var tokens = _tokenizer.EncodeToTokens("a👍b", out _);
        Assert.Equal([0..1, 1..3, 1..3, 1..3, 1..3, 3..4], tokens.Select(token => token.Offset));
        Assert.Equal("a", tokens[0].Value);
        Assert.Equal(6, _tokenizer.CountTokens("a👍b"));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(4, 1, 1)]
    [InlineData(5, 5, 3)]
    [InlineData(9, 6, 4)]
    public void EncodeToIds_WithAMaximum_StopsBeforeHalfACharacter(int maximum, int count, int consumed)
    {
        var ids = _tokenizer.EncodeToIds("a👍b", maximum, out _, out var charsConsumed);
        Assert.Equal(count, ids.Count);
        Assert.Equal(consumed, charsConsumed);
    }

    [Fact]
    public void Decode_IntoASpan_StopsWhereACharacterIsIncompleteOrDoesNotFit()
    {
        var characters = new char[8];
        Assert.Equal(
            OperationStatus.NeedMoreData, _tokenizer.Decode([256, 'a', 0xC3], characters, out var ids, out var count));
        Assert.Equal((2, 1), (ids, count));

        Assert.Equal(
            OperationStatus.DestinationTooSmall,
            _tokenizer.Decode(['a', 'b'], characters.AsSpan(0, 1), out ids, out count));
        Assert.Equal((1, 1), (ids, count));

        Assert.Equal(OperationStatus.Done, _tokenizer.Decode(['a', 256], characters, out ids, out count));
        Assert.Equal((2, 1), (ids, count));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(257)]
    public void Decode_OfNoByte_Throws(int id) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _tokenizer.Decode([id]));

    [Fact]
    public void From_AByteTokenizer_GivesTheByteTokenizer() =>
        TokenizerAssert.Same(SampleTokenizers.Bytes, TextTokenizer.From(_tokenizer));

    [Fact]
    public void From_ATokenizerThatCannotBeSaved_SaysWhatToUse()
    {
        using var vocabulary = new MemoryStream("[UNK]\n[CLS]\n[SEP]\n[PAD]\n[MASK]\na\n"u8.ToArray());
        var fault = Assert.Throws<NotSupportedException>(() => TextTokenizer.From(BertTokenizer.Create(vocabulary)));
        Assert.Contains("BertTokenizer", fault.Message);
        Assert.Contains(nameof(TokenizerOptions), fault.Message);
    }

    [Fact]
    public void From_ASentencePieceTokenizer_NamesTheOptionsToUse()
    {
        using var model = new MemoryStream(SampleSentencePieces.Model(SentencePieceModelType.Unigram));
        var fault = Assert.Throws<NotSupportedException>(
            () => TextTokenizer.From(SentencePieceTokenizer.Create(model)));
        Assert.Contains(nameof(SentencePieceTokenizerOptions), fault.Message);
    }
}
