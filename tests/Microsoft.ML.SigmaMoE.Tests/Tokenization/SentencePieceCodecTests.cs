using CsCheck;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class SentencePieceCodecTests
{
    public static TheoryData<SentencePieceModelType, bool> Models => new MatrixTheoryData<SentencePieceModelType, bool>(
        [SentencePieceModelType.Unigram, SentencePieceModelType.BytePair], [true, false]);

    [Theory]
    [MemberData(nameof(Models))]
    public void Decode_OfEncodedText_GivesTheTextBackThroughByteFallback(SentencePieceModelType type, bool prefix)
    {
        var tokenizer = SampleSentencePieces.Open(SampleSentencePieces.Model(type, prefix));
        foreach (var text in HostileText.Samples.Values)
        {
            Assert.Equal(Expected(text), tokenizer.Decode(tokenizer.Encode(text)));
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Decode_OfAnyEncodedText_GivesTheTextBackThroughByteFallback(SentencePieceModelType type, bool prefix)
    {
        var tokenizer = SampleSentencePieces.Open(SampleSentencePieces.Model(type, prefix));
        HostileText.WellFormed.Sample(text => tokenizer.Decode(tokenizer.Encode(text)) == Expected(text), iter: 500);
    }

    [Theory]
    [InlineData(SentencePieceModelType.Unigram)]
    [InlineData(SentencePieceModelType.BytePair)]
    public void Encode_OfKnownPieces_GivesTheirIds(SentencePieceModelType type)
    {
        var tokenizer = SampleSentencePieces.Open(SampleSentencePieces.Model(type));
        int[] expected =
            [SampleSentencePieces.IdOf("▁the"), SampleSentencePieces.IdOf("▁the"), SampleSentencePieces.IdOf("n")];
        Assert.Equal(expected, tokenizer.Encode("the then"));
    }

    [Theory]
    [InlineData(SentencePieceModelType.Unigram)]
    [InlineData(SentencePieceModelType.BytePair)]
    public void Encode_OfAnUnknownCharacter_GivesItsBytes(SentencePieceModelType type)
    {
        var tokenizer = SampleSentencePieces.Open(SampleSentencePieces.Model(type, addDummyPrefix: false));
        var first = SampleSentencePieces.FirstByte;
        Assert.Equal([first + 0xC3, first + 0xA9], tokenizer.Encode("é"));
    }

    [Theory]
    [InlineData(SentencePieceModelType.Unigram, "</s>")]
    [InlineData(SentencePieceModelType.Unigram, "<0x41>")]
    [InlineData(SentencePieceModelType.BytePair, "</s>")]
    [InlineData(SentencePieceModelType.BytePair, "<0x41>")]
    [InlineData(SentencePieceModelType.BytePair, "<s>")]
    public void Encode_OfTheNameOfASpecialPiece_IsOrdinaryText(SentencePieceModelType type, string name)
    {
        var tokenizer = SampleSentencePieces.Open(SampleSentencePieces.Model(type));
        var ids = tokenizer.Encode(name);
        Assert.All(ids, id => Assert.InRange(id, SampleSentencePieces.FirstPiece, tokenizer.VocabularySize - 1));
        Assert.Equal(name, tokenizer.Decode(ids));
    }

    [Fact]
    public void VocabularySize_WithByteFallback_CountsTheBytePieces()
    {
        var tokenizer = SampleSentencePieces.Open(SampleSentencePieces.Model(SentencePieceModelType.Unigram));
        Assert.Equal(SampleSentencePieces.FirstPiece + SampleSentencePieces.Pieces.Count, tokenizer.VocabularySize);
        Assert.Equal(2, tokenizer.SeparatorId);
    }

    [Theory]
    [InlineData(SentencePieceModelType.Unigram, -1, -1, null)]
    [InlineData(SentencePieceModelType.Unigram, -1, 2, 2)]
    [InlineData(SentencePieceModelType.Unigram, 1, -1, 1)]
    [InlineData(SentencePieceModelType.BytePair, -1, -1, null)]
    public void SeparatorId_OfAModelWithoutBeginOrEnd_IsTheOneThereIs(
        SentencePieceModelType type, int begin, int end, int? separator)
    {
        var builder = new SentencePieceModelBuilder { Type = type, ByteFallback = true, BeginId = begin, EndId = end };
        var tokenizer = SampleSentencePieces.Open(SampleSentencePieces.Fill(builder).Build());
        Assert.Equal(
            separator ?? SampleSentencePieces.FirstPiece + SampleSentencePieces.Pieces.Count, tokenizer.SeparatorId);
        Assert.Equal("thé", tokenizer.Decode([.. tokenizer.Encode("thé"), tokenizer.SeparatorId]));
    }

    [Fact]
    public void Encode_WithoutByteFallback_GivesTheUnknownPiece()
    {
        var model = new SentencePieceModelBuilder().AddControls().Add("▁", -1).Add("a", -1).Build();
        var tokenizer = SampleSentencePieces.Open(model);
        Assert.Equal([3, 4, 0, 4], tokenizer.Encode("aéa"));
        Assert.Equal("a ⁇ a", tokenizer.Decode(tokenizer.Encode("aéa")));
    }

    [Theory]
    [InlineData(SentencePieceModelType.Unigram)]
    [InlineData(SentencePieceModelType.BytePair)]
    public void Encode_OfAUserDefinedPiece_GivesItsId(SentencePieceModelType type)
    {
        var builder = SampleSentencePieces.Fill(new() { Type = type, ByteFallback = true });
        var tokenizer = SampleSentencePieces.Open(builder.Add("the</s>", 0, SentencePieceType.UserDefined).Build());
        Assert.Contains(tokenizer.VocabularySize - 1, tokenizer.Encode("n the</s>n"));
        Assert.Equal("n the</s>n", tokenizer.Decode(tokenizer.Encode("n the</s>n")));
    }

    [Fact]
    public void Encode_WithAModelThatRemovesSpaces_LosesOnlyThose()
    {
        var builder = SampleSentencePieces.Fill(new() { ByteFallback = true, RemoveExtraWhiteSpace = true });
        var tokenizer = SampleSentencePieces.Open(builder.Build());
        Assert.Equal("the the", tokenizer.Decode(tokenizer.Encode("  the   the ")));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Encode_OfALongText_GivesWhatItsWordsGive(SentencePieceModelType type, bool prefix)
    {
        var tokenizer = SampleSentencePieces.Open(SampleSentencePieces.Model(type, prefix));
        const string words = " the then thé";
        var ids = tokenizer.Encode(prefix ? words[1..] : words);
        var text = string.Concat(Enumerable.Repeat(words, 2_000));
        Assert.Equal(
            Enumerable.Repeat(ids, 2_000).SelectMany(part => part), tokenizer.Encode(prefix ? text[1..] : text));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Encode_OfAMillionUnknownCharacters_TakesLinearTime(SentencePieceModelType type, bool prefix)
    {
        var tokenizer = SampleSentencePieces.Open(SampleSentencePieces.Model(type, prefix));
        var text = new string('語', 1_000_000);
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Fact]
    public void Load_OfASavedModel_GivesTheSameTokenizer()
    {
        var saved = SampleSentencePieces.Open(SampleSentencePieces.Model(SentencePieceModelType.BytePair));
        var files = new MemoryStreams();
        saved.Save(files);
        TokenizerAssert.Same(saved, TextTokenizer.Load(files));
        Assert.Equal(SampleSentencePieces.Model(SentencePieceModelType.BytePair), files.Files["sentencepiece.model"]);
    }

    [Fact]
    public void CreateDecoder_OfGeneratedPieces_DropsOnlyTheFirstSpace()
    {
        var decoder = SampleSentencePieces.Open(
            SampleSentencePieces.Model(SentencePieceModelType.Unigram)).CreateDecoder();
        var (the, e) = (SampleSentencePieces.IdOf("▁the"), SampleSentencePieces.FirstByte);
        Assert.Equal(["the", " the", "", "é", ""], [decoder.Append(the), decoder.Append(the), decoder.Append(e + 0xC3), decoder.Append(e + 0xA9), decoder.Flush()]);
    }

    [Fact]
    public async Task Encode_OnManyThreads_GivesWhatOneThreadGives()
    {
        foreach (var type in new[] { SentencePieceModelType.Unigram, SentencePieceModelType.BytePair })
        {
            var tokenizer = SampleSentencePieces.Open(SampleSentencePieces.Model(type));
            var texts = Enumerable.Range(0, 200).Select(i => $"the {i} thé 語{i} the").ToArray();
            var expected = texts.Select(text => tokenizer.Encode(text)).ToArray();
            var runs = Enumerable.Range(0, 8).Select(
                _ => Task.Run(() => texts.Select(text => tokenizer.Encode(text)).ToArray()));
            Assert.All(await Task.WhenAll(runs), actual => Assert.Equal(expected, actual));
        }
    }

    // ▁ is how models write a space, so it comes back as one
    private static string Expected(string text) => text.Replace('▁', ' ');
}
