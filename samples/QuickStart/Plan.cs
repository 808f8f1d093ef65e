namespace QuickStart;

/// <summary>How much of everything fits into the time that the run may take.</summary>
internal sealed record Plan
{
    // What the run does beside training two models, measured on two cores: reading, scoring, classifying, a second
    // process.
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(70);

    /// <summary>Gets how long each of the two language models is trained.</summary>
    public required TimeSpan TrainingTime { get; init; }

    /// <summary>Gets how many labelled rows of each class a classifier sees.</summary>
    public int RowsPerClass { get; init; } = 20;

    /// <summary>Gets how often those rows are drawn.</summary>
    public int Draws { get; init; } = 3;

    public int MostValidationRows { get; init; } = 2000;

    public int MostTestRows { get; init; } = 4000;

    /// <summary>Gets how many test rows the language models are scored on.</summary>
    public int MostScoredRows { get; init; } = int.MaxValue;

    public static Plan For(QuickStartOptions options)
    {
        var minutes = TimeSpan.FromMinutes(options.Minutes);
        return options.Quick
            ? new() { TrainingTime = TimeSpan.FromSeconds(6), Draws = 1, MostValidationRows = 500, MostTestRows = 1000, MostScoredRows = 1000 }
            : new() { TrainingTime = (minutes - (Rest < minutes / 2 ? Rest : minutes / 2)) / 2 };
    }
}
