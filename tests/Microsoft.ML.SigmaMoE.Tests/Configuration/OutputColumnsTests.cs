using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class OutputColumnsTests
{
    [Fact]
    public void Defaults_ArePinned() => Assert.Equal(
        """
        {"Features":"Features","LogLikelihood":"LogLikelihood","Perplexity":"Perplexity","BitsPerByte":"BitsPerByte",
        "TokenCount":"TokenCount","TokenLogLikelihoods":null,"ExpertUsage":null}
        """.ReplaceLineEndings(""),
        JsonSerializer.Serialize(new OutputColumns()));

    [Fact]
    public void Json_RoundTrips()
    {
        var columns = new OutputColumns { Features = null, ExpertUsage = "Usage" };
        Assert.Equal(columns, JsonSerializer.Deserialize<OutputColumns>(JsonSerializer.Serialize(columns)));
    }

    [Fact]
    public void Validate_Defaults_Pass() => new OutputColumns().Validate();

    [Fact]
    public void Validate_AllOff_Passes() => OutputColumns.None.Validate();

    [Theory]
    [InlineData("")]
    [InlineData(" \t")]
    public void Validate_BlankName_NamesTheOption(string name)
    {
        var fault = Assert.Throws<ArgumentException>(new OutputColumns { Perplexity = name }.Validate);
        Assert.Contains("Perplexity is blank", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_OneNameTwice_NamesBothOptionsAndTheName()
    {
        var columns = new OutputColumns { TokenLogLikelihoods = "Score", LogLikelihood = "Score" };
        var fault = Assert.Throws<ArgumentException>(columns.Validate);
        Assert.StartsWith(
            "LogLikelihood and TokenLogLikelihoods have the same column name 'Score'",
            fault.Message,
            StringComparison.Ordinal);
    }
}
