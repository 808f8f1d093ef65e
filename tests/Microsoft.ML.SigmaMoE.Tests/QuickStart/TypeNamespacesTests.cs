namespace QuickStart.Tests;

public sealed class TypeNamespacesTests
{
    private static readonly TypeNamespaces Types = new([typeof(object).Assembly.Location]);

    [Theory]
    [InlineData("T:System.String", "System.String", "System")]
    [InlineData("M:System.String.Join(System.String,System.Object[])", "System.String", "System")]
    [InlineData("M:System.IO.Stream.#ctor", "System.IO.Stream", "System.IO")]
    [InlineData(
        "P:System.Collections.Generic.Dictionary`2.KeyCollection.Count",
        "System.Collections.Generic.Dictionary`2.KeyCollection",
        "System.Collections.Generic")]
    public void Find_AMember_GivesItsTypeAndRealNamespace(string member, string type, string space) =>
        Assert.Equal((type, space), Types.Find(member));

    [Theory]
    [InlineData("T:System.Text")]
    [InlineData("M:No.Such.Thing(System.String)")]
    [InlineData("")]
    public void Find_WhatIsNoMember_GivesNull(string name) => Assert.Null(Types.Find(name));
}
