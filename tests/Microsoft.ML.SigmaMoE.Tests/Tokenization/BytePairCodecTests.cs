using System.Text;
using CsCheck;
using Microsoft.ML.Tokenizers;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class BytePairCodecTests
{
    private static readonly IReadOnlyList<TokenPair> Merges = new BytePairTrainer(
        new() { VocabularySize = 600, MinimumPairFrequency = 1 }, progress: null, CancellationToken.None)
        .Train(HostileText.Samples.Values.Append("the theory of these other things aaa aaaa abab").Select(text => text.AsMemory()));

    private static readonly BytePairCodec Codec = new(BytePairVocabulary.FromMerges(Merges), splitDigits: true);

    [Fact]
    public void Encode_OfAnyText_AppliesTheMergesInTheirOrder() => HostileText.WellFormed.Sample(text =>
    {
        var ids = new List<int>();
        Codec.Encode(text, ids);
        Assert.Equal(ApplyMerges(text), ids);
    }, iter: 500);

    [Theory]
    [InlineData("the other theories")]
    [InlineData("aaaaaaa aaaaa abababab")]
    [InlineData("日本語の文章 👩‍👩‍👧‍👦")]
    public void Encode_OfTrainedText_AppliesTheMergesInTheirOrder(string text)
    {
        var ids = new List<int>();
        Codec.Encode(text, ids);
        Assert.Equal(ApplyMerges(text), ids);
        Assert.True(ids.Count < Encoding.UTF8.GetByteCount(text));
    }

    [Fact]
    public void Save_OfAVocabulary_WritesFilesThatOthersRead()
    {
        using var folder = new TemporaryFolder();
        Codec.Save(new FolderStreams(folder.Path));
        var other = BpeTokenizer.Create(new BpeOptions(folder.File("vocab.json"), folder.File("merges.txt"))
        {
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(WordPattern.For(splitDigits: true), null),
        });
        const string text = "the theory of 123 other things, 日本語の文章";
        var ids = new List<int>();
        Codec.Encode(text, ids);
        Assert.Equal(other.EncodeToIds(text), ids);
    }

    [Fact]
    public void Pieces_OfATrainedVocabulary_AreAllDifferent() =>
        Assert.Equal(Codec.Pieces.Count, Codec.Pieces.Select(Convert.ToHexString).Distinct().Count());

    [Fact]
    public void Pieces_OfAMerge_AreThoseOfItsParts() => Assert.All(Merges.Index(), merge => Assert.Equal(
        [.. Codec.Pieces[merge.Item.Left], .. Codec.Pieces[merge.Item.Right]], Codec.Pieces[256 + merge.Index]));

    private static List<int> ApplyMerges(string text)
    {
        var ids = new List<int>();
        foreach (var match in WordPattern.For(splitDigits: true).Matches(text).Select(match => match.Value))
        {
            var word = Encoding.UTF8.GetBytes(match).Select(value => (int)value).ToList();
            foreach (var (index, pair) in Merges.Index())
            {
                NaiveBytePairTrainer.Merge(word, pair, 256 + index);
            }

            ids.AddRange(word);
        }

        return ids;
    }
}
