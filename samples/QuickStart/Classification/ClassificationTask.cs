namespace QuickStart;

/// <summary>
/// Naming the class of a text after seeing a few examples of each class: several draws of training rows, and validation
/// and test rows that are the same for everybody.
/// </summary>
internal sealed class ClassificationTask
{
    public ClassificationTask(TextCorpus corpus, CorpusSplit split, int rowsPerClass, int draws, int seed)
    {
        RowsPerClass = rowsPerClass;
        var byLabel = split.Train.Where(IsIn(corpus.Labels)).ToLookup(document => document.Label!);
        Labels = [.. corpus.Labels.Where(byLabel.Contains)];
        Draws = [.. Enumerable.Range(seed, draws).Select(draw => Draw(byLabel, rowsPerClass, (ulong)draw))];
        Validation = [.. split.Validation.Where(IsIn(Labels)).Select(ToRow)];
        Test = [.. split.Test.Where(IsIn(Labels)).Select(ToRow)];
    }

    public int RowsPerClass { get; }

    public IReadOnlyList<string> Labels { get; }

    /// <summary>Gets the training rows, drawn several times: one draw says little.</summary>
    public IReadOnlyList<IReadOnlyList<LabelledText>> Draws { get; }

    public IReadOnlyList<LabelledText> Validation { get; }

    public IReadOnlyList<LabelledText> Test { get; }

    /// <summary>Gets whether there is anything to tell apart.</summary>
    public bool IsPossible => Labels.Count > 1 && Validation.Count > 0 && Test.Count > 0;

    private static Func<Document, bool> IsIn(IEnumerable<string> labels)
    {
        var known = labels.ToHashSet();
        return document => document.Label is { } label && known.Contains(label);
    }

    private static LabelledText[] Draw(ILookup<string, Document> byLabel, int rowsPerClass, ulong seed) =>
    [
        .. byLabel.SelectMany(documents => documents
            .OrderBy(document => StableHash.Of(document.Id, seed)).Take(rowsPerClass).Select(ToRow)),
    ];

    private static LabelledText ToRow(Document document) => new() { Text = document.Text, Label = document.Label! };
}
