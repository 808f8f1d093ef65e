using CsCheck;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TokenDecoderTests
{
    [Fact]
    public void Append_OfBytesOfOneCharacter_HoldsThemBackUntilItIsComplete()
    {
        var decoder = SampleTokenizers.Bytes.CreateDecoder();
        Assert.Equal(["", "", "", "👍", "!"], "👍!"u8.ToArray().Select(id => decoder.Append(id)));
        Assert.Equal("", decoder.Flush());
    }

    [Fact]
    public void Append_TokenByToken_GivesWhatDecodeGives()
    {
        foreach (var tokenizer in SampleTokenizers.Lossless.Values)
        {
            HostileText.WellFormed.Sample(text =>
            {
                var decoder = tokenizer.CreateDecoder();
                return string.Concat(tokenizer.Encode(text).Select(decoder.Append)) + decoder.Flush() == text;
            }, iter: 300);
        }
    }

    [Fact]
    public void Append_OfAnyText_NeverReturnsHalfACharacter()
    {
        foreach (var tokenizer in SampleTokenizers.Lossless.Values)
        {
            HostileText.WellFormed.Sample(text =>
            {
                var decoder = tokenizer.CreateDecoder();
                return tokenizer.Encode(text).Select(decoder.Append).All(part => part == HostileText.Repaired(part));
            }, iter: 300);
        }
    }

    [Fact]
    public void Flush_InsideACharacter_GivesOneReplacementCharacter()
    {
        var decoder = SampleTokenizers.Bytes.CreateDecoder();
        Assert.Equal("", decoder.Append(0xF0) + decoder.Append(0x9F));
        Assert.Equal("\uFFFD", decoder.Flush());
        Assert.Equal("a", decoder.Append('a'));
    }

    [Fact]
    public void Append_OfBrokenUtf8_ReplacesItAndGoesOn()
    {
        var decoder = SampleTokenizers.Bytes.CreateDecoder();
        Assert.Equal("\uFFFDa", decoder.Append(0xE2) + decoder.Append('a'));
    }

    [Fact]
    public void Append_OfTheSeparator_IsNothing()
    {
        var decoder = SampleTokenizers.Bytes.CreateDecoder();
        Assert.Equal("", decoder.Append(SampleTokenizers.Bytes.SeparatorId));
    }

    [Fact]
    public void Append_OfAnUnknownId_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SampleTokenizers.Bytes.CreateDecoder().Append(999));
}
