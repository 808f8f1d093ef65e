using Microsoft.ML.Data;

namespace TextClassification;

/// <summary>One row of the table: a label and a text.</summary>
public sealed class Document
{
    /// <summary>Gets or sets the label.</summary>
    [LoadColumn(0)]
    public string Category { get; set; } = "";

    /// <summary>Gets or sets the text.</summary>
    [LoadColumn(1)]
    public string Text { get; set; } = "";
}
