namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ByteAlphabetTests
{
    [Fact]
    public void Read_OfEveryWrittenByte_GivesItBack()
    {
        var bytes = Enumerable.Range(0, 256).Select(value => (byte)value).ToArray();
        var text = ByteAlphabet.Write(bytes);
        Assert.Equal(256, text.Distinct().Count());
        Assert.DoesNotContain(text, character => char.IsWhiteSpace(character) || char.IsControl(character));
        Assert.Equal(bytes, ByteAlphabet.Read(text));
    }

    [Theory]
    [InlineData(' ', 'Ġ')]
    [InlineData('\n', 'Ċ')]
    [InlineData('a', 'a')]
    [InlineData('\u00AD', 'Ń')]
    [InlineData('é', 'é')]
    public void Write_OfAByte_GivesTheCharacterOfVocabularyFiles(char value, char expected) =>
        Assert.Equal(expected.ToString(), ByteAlphabet.Write([(byte)value]));

    [Fact]
    public void Read_OfAnotherCharacter_NamesIt() =>
        Assert.Contains("U+2581", Assert.Throws<FormatException>(() => ByteAlphabet.Read("▁the")).Message);
}
