namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class GenerationOptionsTests
{
    public static TheoryData<string, GenerationOptions> Invalid => new()
    {
        { "MaxTokens", new() { MaxTokens = -1 } },
        { "Temperature", new() { Temperature = -0.1 } },
        { "Temperature", new() { Temperature = double.NaN } },
        { "Temperature", new() { Temperature = double.PositiveInfinity } },
        { "TopK", new() { TopK = 0 } },
        { "TopP", new() { TopP = 0 } },
        { "TopP", new() { TopP = 1.01 } },
        { "TopP", new() { TopP = double.NaN } },
        { "MinP", new() { MinP = -0.01 } },
        { "MinP", new() { MinP = 1.01 } },
        { "MinP", new() { MinP = double.NaN } },
        { "RepetitionPenalty", new() { RepetitionPenalty = 0 } },
        { "RepetitionPenalty", new() { RepetitionPenalty = double.NaN } },
        { "StopSequences", new() { StopSequences = ["a", ""] } },
        { "StopSequences", new() { StopSequences = null! } },
    };

    [Fact]
    public void Defaults_AreThese() => Assert.Equal(
        new GenerationOptions
        {
            MaxTokens = 200,
            Temperature = 1,
            TopK = null,
            TopP = 1,
            MinP = 0,
            RepetitionPenalty = 1,
            Seed = null,
            StopSequences = [],
            StopAtSeparator = true,
        },
        new GenerationOptions());

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Validate_OfAnInvalidValue_NamesTheOption(string option, GenerationOptions options)
    {
        var thrown = Assert.ThrowsAny<ArgumentException>(options.Validate);
        Assert.Contains(option, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_OfTheLimits_Passes() =>
        new GenerationOptions { MaxTokens = 0, Temperature = 0, TopK = 1, TopP = 1, MinP = 1, StopSequences = ["\n"] }.Validate();
}
