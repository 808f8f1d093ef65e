namespace QuickStart;

/// <summary>One row of text.</summary>
/// <param name="Text">The text, white space collapsed.</param>
/// <param name="Label">The class it belongs to, or null.</param>
/// <param name="Id">What it documents or where it stands; unique within a corpus.</param>
/// <param name="Group">Documents of one group resemble each other: an honest split keeps them together.</param>
internal sealed record Document(string Text, string? Label, string Id, string Group);
