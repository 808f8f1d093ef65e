namespace QuickStart;

/// <summary>How far a piece of work is.</summary>
/// <param name="Done">From 0 to 1.</param>
/// <param name="Text">What there is to say about it just now.</param>
internal readonly record struct WorkState(double Done, string Text);
