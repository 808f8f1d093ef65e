namespace Microsoft.ML.SigmaMoE;

/// <summary>Checks that a file has the tensors of a model, no fewer and no others.</summary>
internal static class WeightNameCheck
{
    private const int NamesInMessage = 3;

    /// <summary>Compares names.</summary>
    /// <param name="wanted">The names that the model needs.</param>
    /// <param name="stored">The names that the file has.</param>
    /// <param name="file">The file, for the message.</param>
    /// <param name="model">The model, for the message.</param>
    /// <exception cref="InvalidDataException">Some are missing, or too many.</exception>
    public static void Run(IReadOnlyCollection<string> wanted, IEnumerable<string> stored, string file, string model)
    {
        var there = stored.ToHashSet();
        Check(wanted.Where(name => !there.Contains(name)), $"{file} misses", model);
        there.ExceptWith(wanted);
        Check(there, $"{file} has", model);
    }

    private static void Check(IEnumerable<string> names, string what, string model)
    {
        var all = names.Order(StringComparer.Ordinal).ToArray();
        if (all.Length > 0)
        {
            var list = string.Join(", ", all.Take(NamesInMessage).Select(name => $"'{name}'"));
            var more = all.Length > NamesInMessage ? $" and {all.Length - NamesInMessage} more" : "";
            throw new InvalidDataException($"{what} {list}{more}, unlike {model}: they do not belong together.");
        }
    }
}
