namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>How far a piece of work is.</summary>
/// <param name="Done">From 0 to 1, or null where nobody knows.</param>
/// <param name="Text">What there is to say about it just now.</param>
internal readonly record struct WorkState(double? Done, string Text)
{
    public override string ToString() => Done is { } done ? $"{done:P0} · {Text}" : Text;
}
