using CsCheck;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class SentencePieceReaderTests
{
    [Fact]
    public void Read_OfATruncatedFile_ThrowsOrKeepsWholePieces()
    {
        var whole = SampleSentencePieces.Model(SentencePieceModelType.Unigram);
        for (var length = 0; length < whole.Length - 1; length++)
        {
            var part = whole[..length];
            var fault = Record.Exception(() => SentencePieceReader.Read(part));
            Assert.True(fault is FormatException or null, $"{length}: {fault}");
        }
    }

    [Fact]
    public void Read_OfRandomDamage_NeverThrowsAnythingElse() =>
        Gen.Int[0, 5000].Select(Gen.Byte).Array[1, 5].Sample(changes =>
    {
        var content = SampleSentencePieces.Model(SentencePieceModelType.BytePair);
        foreach (var (position, value) in changes)
        {
            content[position % content.Length] = value;
        }

        var fault = Record.Exception(() => new SentencePieceCodec(SentencePieceReader.Read(content)));
        Assert.True(fault is FormatException or null, $"{fault}");
    }, iter: 500);

    [Theory]
    [InlineData("")]
    [InlineData("hello, this is some text and no model")]
    [InlineData("\u0001\u0002\u0003")]
    public void Open_OfAForeignFile_NamesFileAndProblem(string content)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("foreign.model");
        File.WriteAllText(path, content);
        var options = new SentencePieceTokenizerOptions { Path = path };
        var fault = Assert.Throws<InvalidDataException>(() => TextTokenizer.Train(options, Array.Empty<string>()));
        Assert.Contains(path, fault.Message);
    }

    [Fact]
    public void Open_OfAMissingFile_NamesIt()
    {
        var options = new SentencePieceTokenizerOptions { Path = "/no/such.model" };
        var fault = Assert.ThrowsAny<IOException>(() => TextTokenizer.Train(options, Array.Empty<string>()));
        Assert.Contains("/no/such.model", fault.Message);
    }

    [Fact]
    public void Read_OfALengthBeyondTheEnd_Throws()
    {
        byte[] content = [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0x00];
        Assert.Contains(
            "beyond the end", Assert.Throws<FormatException>(() => SentencePieceReader.Read(content)).Message);
    }

    [Fact]
    public void Read_OfAModelWithoutUnknownPiece_SaysSo()
    {
        var content = new SentencePieceModelBuilder().Add("a").Build();
        Assert.Contains("unknown", Assert.Throws<FormatException>(() => SentencePieceReader.Read(content)).Message);
    }

    [Fact]
    public void Read_OfByteFallbackWithoutAllBytes_SaysSo()
    {
        var content = new SentencePieceModelBuilder { ByteFallback = true }
            .AddControls().Add("<0x00>", 0, SentencePieceType.Byte).Build();
        Assert.Contains(
            "256 pieces for bytes", Assert.Throws<FormatException>(() => SentencePieceReader.Read(content)).Message);
    }

    [Fact]
    public void Read_OfSpacesAfterWords_SaysThatItIsNotSupported()
    {
        var content = new SentencePieceModelBuilder { SpaceAsSuffix = true }.AddControls().Build();
        Assert.Contains(
            "not supported", Assert.Throws<FormatException>(() => SentencePieceReader.Read(content)).Message);
    }

    [Fact]
    public void Open_OfAWordModel_SaysThatItCannotBeOpened()
    {
        var content = new SentencePieceModelBuilder { Type = SentencePieceModelType.Word }.AddControls()
            .Add("a")
            .Build();
        var fault = Assert.Throws<InvalidDataException>(() => SampleSentencePieces.Open(content));
        Assert.Contains("cannot open", fault.Message);
    }
}
