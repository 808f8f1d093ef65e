namespace QuickStart.Tests;

public sealed class MemberNameTests
{
    [Theory]
    [InlineData("T:System.String", "String")]
    [InlineData("T:System.Collections.Generic.List`1", "List")]
    [InlineData("M:System.Linq.Enumerable.All``1(System.Collections.Generic.IEnumerable{``0})", "All")]
    [InlineData("M:System.String.#ctor(System.Char[])", "String")]
    [InlineData("M:System.Collections.Generic.List`1.#ctor", "List")]
    [InlineData("P:System.String.Item(System.Int32)", "Item")]
    [InlineData("Dispose", "Dispose")]
    public void Simple_OfAReference_IsTheNameInASentence(string reference, string expected) =>
        Assert.Equal(expected, MemberName.Simple(reference));

    [Theory]
    [InlineData("M:System.String.Join(System.String,System.Object[])", "System.String.Join")]
    [InlineData("M:System.Decimal.op_Explicit(System.Decimal)~System.Int32", "System.Decimal.op_Explicit")]
    [InlineData("T:System.String", "System.String")]
    public void Qualified_OfAMember_HasNeitherKindNorParameters(string name, string expected) =>
        Assert.Equal(expected, MemberName.Qualified(name));

    [Fact]
    public void Parent_OfTheFirstSegment_IsEmpty() => Assert.Equal("", MemberName.Parent("System"));
}
