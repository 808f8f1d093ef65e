namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Compares tokenizers by what they do.</summary>
internal static class TokenizerAssert
{
    public static void Same(TextTokenizer expected, TextTokenizer actual)
    {
        Assert.Equal(expected.VocabularySize, actual.VocabularySize);
        Assert.Equal(expected.SeparatorId, actual.SeparatorId);
        Assert.Equal(expected.SpecialTokens, actual.SpecialTokens);
        Assert.All(HostileText.Samples.Values, text => Assert.Equal(expected.Encode(text), actual.Encode(text)));
        var everything = Enumerable.Range(0, expected.VocabularySize);
        Assert.Equal(everything.Select(id => expected.Decode([id])), everything.Select(id => actual.Decode([id])));
    }
}
