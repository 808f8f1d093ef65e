using System.Xml.Linq;

namespace QuickStart.Tests;

public sealed class DocumentationTextTests
{
    [Fact]
    public void Of_AMember_JoinsItsSectionsInAFixedOrder() => Assert.Equal(
        "Sums. Long. The sum. First. Second. Bad.",
        Text("""
            <exception cref="T:X">Bad.</exception><param name="a">First.</param><param name="b">Second.</param>
            <returns>The sum.</returns><remarks>Long.</remarks><summary>Sums.</summary>
            """));

    [Theory]
    [InlineData("""A <see cref="T:System.Collections.Generic.List`1" />.""", "A List.")]
    [InlineData("""If <paramref name="value" /> is <see langword="null" />.""", "If value is null.")]
    [InlineData("""Of <typeparamref name="T" />, see <see href="https://a.b" />.""", "Of T, see https://a.b.")]
    [InlineData("""A <see cref="T:System.String">text</see>, <c>code</c>.""", "A text, code.")]
    [InlineData("One.<para>Two.</para>Three.", "One. Two. Three.")]
    [InlineData("One<br />two", "One two")]
    public void Of_Elements_ReadsAsASentence(string summary, string expected) =>
        Assert.Equal(expected, Text($"<summary>{summary}</summary>"));

    [Theory]
    [InlineData("<inheritdoc />")]
    [InlineData("<value>Not a section.</value>")]
    [InlineData("<summary />")]
    public void Of_NoSections_IsEmpty(string content) => Assert.Equal("", Text(content));

    private static string Text(string content) => DocumentationText.Of(XElement.Parse($"<member>{content}</member>"));
}
