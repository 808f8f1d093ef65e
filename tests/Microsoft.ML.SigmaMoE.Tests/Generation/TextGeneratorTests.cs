using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TextGeneratorTests : IDisposable
{
    private static readonly GenerationOptions Greedy =
        new() { Temperature = 0, MaxTokens = 4, StopAtSeparator = false };
    private readonly TransformerNetwork _network = TinyModel.Network(
        vocabularySize: SampleTokenizers.Bytes.VocabularySize);
    private readonly TextGenerator _generator;

    public TextGeneratorTests()
    {
        _network.eval();
        _generator = new(_network, SampleTokenizers.Bytes);
    }

    public void Dispose()
    {
        _network.Dispose();
        _network.Randomness.Dispose();
    }

    [Fact]
    public void Generate_WithASeed_RepeatsItself()
    {
        var options = new GenerationOptions { Seed = 5, MaxTokens = 30, StopAtSeparator = false };
        Assert.Equal(Text("a prompt", options), Text("a prompt", options));
        Assert.NotEqual(Text("a prompt", options), Text("a prompt", options with { Seed = 6 }));
        Assert.NotEqual(Text("a prompt", options), Text("another", options));
    }

    [Fact]
    public void Generate_WithoutASeed_DrawsAnew()
    {
        var options = new GenerationOptions { MaxTokens = 30, StopAtSeparator = false };
        Assert.NotEqual(Text("a prompt", options), Text("a prompt", options));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    public void Generate_OfAnyLength_GivesThatManyTokens(int count)
    {
        Prefer("a");
        Assert.Equal(new string('a', count), Text("far more than one segment", Greedy with { MaxTokens = count }));
    }

    [Fact]
    public void Generate_WithRepetitionPenalty_CountsPromptAndGeneratedTokens()
    {
        Prefer("abc");
        Assert.Equal("aaaa", Text("", Greedy));
        Assert.Equal("abca", Text("", Greedy with { RepetitionPenalty = 10 }));
        Assert.Equal("bcaa", Text("a", Greedy with { RepetitionPenalty = 10 }));
    }

    [Fact]
    public void Generate_AtTheSeparator_EndsWhereAskedTo()
    {
        Prefer("a", separatorFirst: true);
        var options = Greedy with { RepetitionPenalty = 1000, MaxTokens = 2 };
        Assert.Equal("", Text("text", options with { StopAtSeparator = true }));
        Assert.Equal("a", Text("text", options));
    }

    [Fact]
    public void Generate_WithStopSequences_EndsBeforeTheFirst()
    {
        var options = new GenerationOptions { Seed = 1, MaxTokens = 60, StopAtSeparator = false };
        var whole = Text("begin", options);
        var stop = whole.Substring(20, 3);
        Assert.Equal(
            whole[..whole.IndexOf(stop, StringComparison.Ordinal)],
            Text("begin", options with { StopSequences = ["never there", stop] }));
    }

    [Fact]
    public void Generate_OfAnyBytes_GivesPiecesOfWholeCharacters()
    {
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
        var pieces = _generator.Generate("", new() { Seed = 2, MaxTokens = 300, StopAtSeparator = false }).ToList();
        Assert.All(pieces, piece => Assert.Equal(piece, strict.GetString(strict.GetBytes(piece))));
        Assert.All(pieces, Assert.NotEmpty);
        Assert.True(pieces.Count > 50);
    }

    [Fact]
    public void Generate_OfACharacterOfFourBytes_HoldsItBackUntilItIsWhole()
    {
        Prefer("👍");
        Assert.Equal(["👍"], _generator.Generate("", Greedy with { RepetitionPenalty = 1e6 }));
    }

    [Fact]
    public void Generate_CutInsideACharacter_EndsWithAReplacement()
    {
        Prefer("👍");
        Assert.Equal("\uFFFD", Text("", Greedy with { RepetitionPenalty = 1e6, MaxTokens = 3 }));
    }

    // A tokenizer that writes a space before every text, and takes it off again, must not take it off a continuation.
    [Theory]
    [InlineData("n", " the the")]
    [InlineData("", "the the")]
    public void Generate_WithATokenizerThatAddsALeadingSpace_KeepsThatOfAContinuation(string prompt, string expected)
    {
        var tokenizer = SampleSentencePieces.Open(SampleSentencePieces.Model(SentencePieceModelType.Unigram));
        using var network = TinyModel.Network(vocabularySize: tokenizer.VocabularySize);
        network.eval();
        Prefer(network, [SampleSentencePieces.IdOf("▁the")]);
        var text = string.Concat(new TextGenerator(network, tokenizer).Generate(prompt, Greedy with { MaxTokens = 2 }));
        Assert.Equal(expected, text);
        network.Randomness.Dispose();
    }

    [Fact]
    public void Generate_WhenCancelled_StopsBeforeTheNextToken()
    {
        Prefer("a");
        using var cancellation = new CancellationTokenSource();
        var pieces = _generator.Generate("", Greedy with { MaxTokens = 1000 }, cancellation.Token).GetEnumerator();
        Assert.True(pieces.MoveNext());
        cancellation.Cancel();
        Assert.Throws<OperationCanceledException>(() => pieces.MoveNext());
    }

    [Fact]
    public void Generate_BetweenPieces_LeavesTheCallersScopeAndGradientModeAlone()
    {
        using var pieces = _generator.Generate("text", new() { Seed = 1, StopAtSeparator = false }).GetEnumerator();
        using var scope = NewDisposeScope();
        Assert.True(pieces.MoveNext());
        var own = ones(2, requires_grad: true);
        Assert.Equal(1, scope.DisposablesCount);
        Assert.True((own * 2).requires_grad);
        Assert.True(pieces.MoveNext());
        Assert.False(own.IsInvalid);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(int.MaxValue)]
    public void Generate_AbandonedOrFinished_LeavesNoTensorBehind(int taken)
    {
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Assert.NotEmpty(
            _generator.Generate("a text", new() { MaxTokens = 20, StopAtSeparator = false }).Take(taken).ToList());
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private string Text(string prompt, GenerationOptions options) =>
        string.Concat(_generator.Generate(prompt, options));

    private void Prefer(string text, bool separatorFirst = false)
    {
        int[] separator = separatorFirst ? [SampleTokenizers.Bytes.SeparatorId] : [];
        Prefer(_network, [.. separator, .. SampleTokenizers.Bytes.Encode(text)]);
    }

    // Lets a network always give these logits: positive for the preferred, the first the largest; 0 for all others.
    private static void Prefer(TransformerNetwork network, int[] tokens)
    {
        using var quiet = no_grad();
        var bias = new float[network.VocabularySize];
        foreach (var (index, token) in tokens.Index())
        {
            bias[token] = 10 - index;
        }

        using var values = tensor(bias);
        network.get_parameter("output")!.zero_();
        network.get_parameter("output_bias")!.copy_(values);
    }
}
