using Microsoft.ML;

namespace QuickStart;

/// <summary>Reads the text that the options ask for, and splits it.</summary>
internal static class CorpusChoice
{
    private const int SdkHeldOutPercent = 5;
    private const int OwnHeldOutPercent = 10;
    private const int FewestDocuments = 100;

    public static TextCorpus Read(QuickStartOptions options, MLContext context)
    {
        var corpus = options switch
        {
            { TextFile: { } file } => TextFileCorpus.Read(file),
            { TableFile: { } file } => TableCorpus.Read(context, file, options.TextColumns, options.LabelColumn),
            _ => SdkCorpus.Read(),
        };
        return corpus.Documents.Count >= FewestDocuments ? corpus : throw new UserException(
            $"{corpus.Description} has {corpus.Documents.Count} different documents; at least {FewestDocuments} are needed "
            + "to train on some and test on others.");
    }

    /// <summary>Splits the SDK's documentation 90/5/5 and a file of one's own, which is smaller, 80/10/10.</summary>
    public static CorpusSplit Split(QuickStartOptions options, TextCorpus corpus)
    {
        var isOwn = options is not { TextFile: null, TableFile: null };
        Func<Document, string> key = options.Split == SplitKind.Type ? document => document.Group : document => document.Id;
        return CorpusSplit.By(corpus.Documents, key, isOwn ? OwnHeldOutPercent : SdkHeldOutPercent);
    }
}
