namespace QuickStart.Tests;

public sealed class CollapsedTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData(" \t\r\n ", "")]
    [InlineData("one", "one")]
    [InlineData("  one\r\n\t two \u00a0 three ", "one two three")]
    public void Of_AnyText_HasSingleSpacesInside(string text, string expected) =>
        Assert.Equal(expected, CollapsedText.Of(text));

    [Fact]
    public void Append_OfPieces_JoinsThemAsTheyTouch()
    {
        var text = new CollapsedText();
        text.AppendSpace();
        text.Append("a");
        text.Append("b ");
        text.AppendSpace();
        text.Append(" c");
        text.AppendSpace();
        Assert.Equal("ab c", text.ToString());
    }
}
