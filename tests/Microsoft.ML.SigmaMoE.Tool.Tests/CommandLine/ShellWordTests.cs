namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class ShellWordTests
{
    [Theory]
    [InlineData("--output", "--output")]
    [InlineData("a/b.txt", "a/b.txt")]
    [InlineData("my file", "'my file'")]
    [InlineData("it's", "'it'\\''s'")]
    [InlineData("$HOME", "'$HOME'")]
    [InlineData("", "''")]
    public void Quote_AWord_SurvivesAShell(string word, string typed) => Assert.Equal(typed, ShellWord.Quote(word));
}
