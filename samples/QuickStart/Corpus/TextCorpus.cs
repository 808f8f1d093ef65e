using System.Text;

namespace QuickStart;

/// <summary>Documents, no two with the same text.</summary>
internal sealed class TextCorpus
{
    private const int MaxLabels = 20;

    public TextCorpus(string description, IEnumerable<Document> documents)
    {
        Description = description;
        Documents = [.. documents.Where(document => document.Text.Length > 0).DistinctBy(document => document.Text)];
        Labels =
        [
            .. Documents.Where(document => document.Label is not null)
                .CountBy(document => document.Label!)
                .OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)
                .Take(MaxLabels)
                .Select(pair => pair.Key),
        ];
    }

    /// <summary>Gets where the text comes from, as one phrase.</summary>
    public string Description { get; }

    public IReadOnlyList<Document> Documents { get; }

    /// <summary>Gets the labels of the classification task: the most frequent ones, most frequent first.</summary>
    public IReadOnlyList<string> Labels { get; }

    public long Utf8Bytes => Documents.Sum(document => (long)Encoding.UTF8.GetByteCount(document.Text));

    public int LabelledCount
    {
        get
        {
            var labels = Labels.ToHashSet();
            return Documents.Count(document => document.Label is not null && labels.Contains(document.Label));
        }
    }
}
