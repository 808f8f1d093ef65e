namespace QuickStart;

/// <summary>What the command line asks for.</summary>
internal sealed record QuickStartOptions
{
    /// <summary>Gets the time the whole run may take.</summary>
    public double Minutes { get; init; } = 4;

    /// <summary>Gets whether everything is cut down to about 40 seconds.</summary>
    public bool Quick { get; init; }

    /// <summary>Gets a text file to use instead of the SDK's documentation.</summary>
    public string? TextFile { get; init; }

    /// <summary>Gets a tab-separated file to use instead of the SDK's documentation.</summary>
    public string? TableFile { get; init; }

    /// <summary>Gets the columns of <see cref="TableFile"/> that make the text, joined by spaces.</summary>
    public IReadOnlyList<string> TextColumns { get; init; } = [];

    /// <summary>Gets the column of <see cref="TableFile"/> to classify by.</summary>
    public string? LabelColumn { get; init; }

    /// <summary>Gets what an honest test keeps apart.</summary>
    public SplitKind Split { get; init; } = SplitKind.Type;

    /// <summary>Gets the folder for the saved model.</summary>
    public string OutputFolder { get; init; } =
        Path.Combine(Path.GetTempPath(), $"sigmamoe-quickstart-{Environment.UserName}");

    /// <summary>Gets the folder to which the parts of the text are only written, or null for the whole run.</summary>
    public string? ExportFolder { get; init; }

    /// <summary>Gets the seed of everything random.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Gets whether only the list of options is wanted.</summary>
    public bool Help { get; init; }
}
