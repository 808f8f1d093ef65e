namespace QuickStart;

/// <summary>Which options make sense, alone and together.</summary>
internal static class OptionRules
{
    /// <exception cref="UserException">A rule is broken; the message names it.</exception>
    public static void Check(QuickStartOptions options)
    {
        var broken = Broken(options);
        if (broken is not null)
        {
            throw new UserException(broken);
        }
    }

    private static string? Broken(QuickStartOptions options) => options switch
    {
        { Minutes: not (>= 0.5 and <= 10_000) } => $"--minutes is {options.Minutes}; it must be 0.5 to 10000.",
        { TextFile: not null, TableFile: not null } => "--text and --tsv exclude each other.",
        { TableFile: not null, TextColumns: [] } => "--tsv needs --text-column NAME, the column that holds the text.",
        { TableFile: null, TextColumns: not [] } => "--text-column names a column of --tsv FILE, which is not given.",
        { TableFile: null, LabelColumn: not null } => "--label-column names a column of --tsv FILE, which is not given.",
        { Split: SplitKind.Member, TextFile: not null } or { Split: SplitKind.Member, TableFile: not null } =>
            "--split goes with the SDK's documentation, not with a file of your own.",
        _ => MissingFile(options.TextFile) ?? MissingFile(options.TableFile),
    };

    private static string? MissingFile(string? path) =>
        path is null || File.Exists(path) ? null : $"{path} does not exist.";
}
