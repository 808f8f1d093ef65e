using Microsoft.ML.Data;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TextColumnTests
{
    private static readonly IDataView Data = new MLContext(1).Data.LoadFromEnumerable(Document.Many(3));

    public static TheoryData<string, string> WrongColumns => new()
    {
        { "Body", "no input column 'Body'" },
        { "Body", "Text, Label, Number" },
        { "Number", "'Number' is of type Int32" },
        { "Number", "TextDataViewType" },
    };

    [Theory]
    [MemberData(nameof(WrongColumns))]
    public void FindIn_WrongColumn_SaysWhatIsThereAndWhatIsWanted(string name, string message)
    {
        var fault = Assert.Throws<ArgumentOutOfRangeException>(() => new TextColumn(name).FindIn(Data.Schema));
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(WrongColumns))]
    public void CheckIn_WrongColumn_SaysTheSame(string name, string message)
    {
        var shape = SchemaShape.Create(Data.Schema);
        var fault = Assert.Throws<ArgumentOutOfRangeException>(() => new TextColumn(name).CheckIn(shape));
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckIn_VectorOfText_IsRefused()
    {
        var shape = new SchemaShape(
            [new("Text", SchemaShape.Column.VectorKind.Vector, TextDataViewType.Instance, false)]);
        var fault = Assert.Throws<ArgumentOutOfRangeException>(() => new TextColumn("Text").CheckIn(shape));
        Assert.Contains("Vector<String>", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FindIn_TextColumn_FindsIt() => Assert.Equal("Text", new TextColumn("Text").FindIn(Data.Schema).Name);

    [Fact]
    public void CheckIn_TextColumn_Passes() => new TextColumn("Label").CheckIn(SchemaShape.Create(Data.Schema));
}
