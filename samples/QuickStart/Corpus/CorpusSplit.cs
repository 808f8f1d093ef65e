using System.Text;

namespace QuickStart;

/// <summary>A corpus in three parts: models learn from the first, choices are made on the second, numbers come from the third.</summary>
internal sealed record CorpusSplit(
    IReadOnlyList<Document> Train, IReadOnlyList<Document> Validation, IReadOnlyList<Document> Test)
{
    /// <summary>Gets the size of the text that models learn from, in UTF-8.</summary>
    public long TrainingBytes => Train.Sum(document => (long)Encoding.UTF8.GetByteCount(document.Text));

    /// <summary>Splits by the hash of a key, so that documents of one key stay together.</summary>
    /// <param name="documents">The documents.</param>
    /// <param name="key">What keeps documents together.</param>
    /// <param name="heldOutPercent">The share of the validation part, and of the test part as well.</param>
    public static CorpusSplit By(IEnumerable<Document> documents, Func<Document, string> key, int heldOutPercent)
    {
        var byPart = documents.ToLookup(document => Part(key(document), heldOutPercent));
        return new([.. byPart[0]], [.. byPart[1]], [.. byPart[2]]);
    }

    private static int Part(string key, int heldOutPercent)
    {
        var percentile = (int)(StableHash.Of(key) % 100);
        return percentile < heldOutPercent ? 2 : percentile < 2 * heldOutPercent ? 1 : 0;
    }
}
