namespace QuickStart;

/// <summary>
/// Naming the class of a text after seeing a few examples of each class: several draws of training rows, and validation
/// and test rows that are the same for everybody.
/// </summary>
internal sealed class ClassificationTask
{
    public ClassificationTask(TextCorpus corpus, CorpusSplit split, Plan plan, int seed)
    {
        RowsPerClass = plan.RowsPerClass;
        var byLabel = split.Train.Where(IsIn(corpus.Labels)).ToLookup(document => document.Label!);
        Labels = [.. corpus.Labels.Where(byLabel.Contains)];
        Draws = [.. Enumerable.Range(seed, plan.Draws).Select(draw => Draw(byLabel, (ulong)draw))];
        Validation = Sample(split.Validation, plan.MostValidationRows);
        Test = Sample(split.Test, plan.MostTestRows);
    }

    public int RowsPerClass { get; }

    public IReadOnlyList<string> Labels { get; }

    /// <summary>Gets the training rows, drawn several times: one draw says little.</summary>
    public IReadOnlyList<IReadOnlyList<Document>> Draws { get; }

    public IReadOnlyList<Document> Validation { get; }

    public IReadOnlyList<Document> Test { get; }

    /// <summary>Gets whether there is anything to tell apart.</summary>
    public bool IsPossible => Labels.Count > 1 && Validation.Count > 0 && Test.Count > 0;

    private static Func<Document, bool> IsIn(IEnumerable<string> labels)
    {
        var known = labels.ToHashSet();
        return document => document.Label is { } label && known.Contains(label);
    }

    private Document[] Draw(ILookup<string, Document> byLabel, ulong seed) =>
    [
        .. byLabel.SelectMany(documents => documents
            .OrderBy(document => StableHash.Of(document.Id, seed)).Take(RowsPerClass)),
    ];

    private Document[] Sample(IEnumerable<Document> documents, int mostRows) =>
        [.. documents.Where(IsIn(Labels)).OrderBy(document => StableHash.Of(document.Id)).Take(mostRows)];
}
