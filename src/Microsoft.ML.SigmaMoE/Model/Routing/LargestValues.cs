namespace Microsoft.ML.SigmaMoE;

/// <summary>The K largest of a few numbers.</summary>
internal static class LargestValues
{
    /// <summary>Finds the largest values, the largest first; of equal ones the earlier.</summary>
    /// <param name="values">At least as many as are wanted.</param>
    /// <param name="places">Gets where they stand, all different.</param>
    /// <param name="largest">Gets the values themselves.</param>
    public static void Find(ReadOnlySpan<float> values, Span<int> places, Span<float> largest)
    {
        var found = 0;
        for (var place = 0; place < values.Length; place++)
        {
            if (found == places.Length && !(values[place] > largest[^1]))
            {
                continue;
            }

            var rank = found < places.Length ? found++ : found - 1;
            for (; rank > 0 && values[place] > largest[rank - 1]; rank--)
            {
                (places[rank], largest[rank]) = (places[rank - 1], largest[rank - 1]);
            }

            (places[rank], largest[rank]) = (place, values[place]);
        }
    }
}
