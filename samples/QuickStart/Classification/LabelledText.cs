namespace QuickStart;

/// <summary>One row of the classification task, as ML.NET reads it.</summary>
internal sealed class LabelledText
{
    public required string Text { get; init; }

    public required string Label { get; init; }
}
