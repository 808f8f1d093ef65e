using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Lets text through piece by piece until one of the stop sequences stands in it. Holds back only what could still
/// become the beginning of one.
/// </summary>
internal sealed class StopMatcher(IReadOnlyList<string> sequences)
{
    private readonly StringBuilder _held = new();

    /// <summary>Gets whether a stop sequence was found.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Takes the next text and returns what is certain not to belong to a stop sequence.</summary>
    public string Append(string text)
    {
        if (IsStopped)
        {
            return "";
        }

        var all = _held.Append(text).ToString();
        var end = FirstStop(all);
        IsStopped = end >= 0;
        var certain = IsStopped ? end : all.Length - LongestBeginning(all);
        _held.Remove(0, IsStopped ? all.Length : certain);
        return all[..certain];
    }

    /// <summary>Ends the text and returns what was held back.</summary>
    public string Flush()
    {
        var rest = _held.ToString();
        _held.Clear();
        return rest;
    }

    private int FirstStop(string text) => sequences
        .Select(sequence => text.IndexOf(sequence, StringComparison.Ordinal))
        .Where(position => position >= 0)
        .DefaultIfEmpty(-1)
        .Min();

    private int LongestBeginning(string text) => sequences
        .Select(sequence => LongestBeginning(text, sequence))
        .DefaultIfEmpty(0)
        .Max();

    private static int LongestBeginning(string text, string sequence)
    {
        var length = Math.Min(text.Length, sequence.Length - 1);
        while (length > 0 && !text.AsSpan(text.Length - length).SequenceEqual(sequence.AsSpan(0, length)))
        {
            length--;
        }

        return length;
    }
}
