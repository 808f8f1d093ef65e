namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>A document as ML.NET reads it.</summary>
internal sealed class TextRow
{
    public string Text { get; set; } = "";
}
