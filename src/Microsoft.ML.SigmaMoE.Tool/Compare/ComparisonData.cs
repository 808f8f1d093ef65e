namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>What the systems are trained and tested on.</summary>
internal sealed record ComparisonData
{
    public required IReadOnlyList<string> Files { get; init; }

    public string? Column { get; init; }

    public bool WholeFiles { get; init; }

    /// <summary>Gets the files to test on; without any, the last documents of <see cref="Files"/>.</summary>
    public IReadOnlyList<string> TestFiles { get; init; } = [];

    /// <summary>Gets how many of the last documents are kept for the test.</summary>
    public int TestDocuments { get; init; }

    /// <summary>Keeps the last tenth of the documents for the test where there are no files for it.</summary>
    /// <exception cref="UserException">There are too few documents.</exception>
    public static ComparisonData Of(TextInput text, IReadOnlyList<string> testFiles)
    {
        var count = testFiles.Count > 0 ? 0 : text.Read().Count();
        return testFiles.Count > 0 || count >= 10
            ? new()
            {
                Files = [.. text.Files.Select(Path.GetFullPath)],
                Column = text.Column,
                WholeFiles = text.WholeFiles,
                TestFiles = [.. testFiles.Select(Path.GetFullPath)],
                TestDocuments = count / 10,
            }
            : throw new UserException(
                $"The text has only {count} documents; with fewer than 10 give a text to test on with --test.");
    }

    public TextInput Training() => Input(Files) with { Part = ..^TestDocuments };

    public TextInput Test() => TestFiles.Count > 0 ? Input(TestFiles) : Input(Files) with { Part = ^TestDocuments.. };

    private TextInput Input(IReadOnlyList<string> files) => new(files) { Column = Column, WholeFiles = WholeFiles };
}
