namespace Microsoft.ML.SigmaMoE;

/// <summary>Text that UTF-8 can hold.</summary>
internal static class WellFormedText
{
    /// <summary>
    /// Returns <paramref name="text"/>, or a copy in which U+FFFD stands for each unpaired surrogate.
    /// </summary>
    public static ReadOnlySpan<char> Repair(ReadOnlySpan<char> text)
    {
        var bad = NextUnpaired(text, 0);
        if (bad < 0)
        {
            return text;
        }

        var copy = text.ToArray();
        for (; bad >= 0; bad = NextUnpaired(copy, bad + 1))
        {
            copy[bad] = '\uFFFD';
        }

        return copy;
    }

    private static int NextUnpaired(ReadOnlySpan<char> text, int start)
    {
        while (text[start..].IndexOfAnyInRange('\uD800', '\uDFFF') is >= 0 and var found)
        {
            var at = start + found;
            if (at + 1 == text.Length || !char.IsSurrogatePair(text[at], text[at + 1]))
            {
                return at;
            }

            start = at + 2;
        }

        return -1;
    }
}
