namespace QuickStart;

/// <summary>What a saved pipeline predicts for a text; both processes write it and must agree.</summary>
/// <param name="Text">The text.</param>
/// <param name="Label">The class, or null where nothing was classified.</param>
/// <param name="Scores">The classes' probabilities, or the text's log-likelihood.</param>
internal sealed record Prediction(string Text, string? Label, float[] Scores);
