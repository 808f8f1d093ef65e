using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Which text column is scored by what, and which columns that adds. Does a transformer's work.</summary>
/// <param name="environment">Gives hosts, and says where temporary files go.</param>
/// <param name="scorer">The transformer's reference; every cursor and row takes one of its own.</param>
/// <param name="text">The input column.</param>
/// <param name="columns">The added columns.</param>
internal sealed class RowScoring(
    IHostEnvironment environment, Shared<IRowScorer> scorer, TextColumn text, IReadOnlyList<ScoreColumn> columns)
    : IDisposable
{
    private readonly EngineClaims _engines = new();

    /// <summary>The most memory that one transformed view keeps computed columns in, in bytes.</summary>
    public const long DefaultCacheLimit = 256L << 20;

    public Shared<IRowScorer> Scorer => scorer;

    public TextColumn Text => text;

    public IReadOnlyList<ScoreColumn> Columns => columns;

    /// <summary>Gets how many bytes of computed columns a view keeps in memory; the rest goes to a file.</summary>
    public long CacheLimit { get; init; } = DefaultCacheLimit;

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => Bind(inputSchema).Schema;

    public ScoringDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new(this, Bind(input.Schema), input, environment.Register(nameof(ScoringDataView)));
    }

    public SingleRowMapper GetRowToRowMapper(DataViewSchema inputSchema) =>
        new(this, Bind(inputSchema), environment.Register(nameof(SingleRowMapper)));

    /// <summary>Makes the claim of one prediction engine.</summary>
    public EngineClaim Claim() => _engines.Add(scorer.Copy());

    /// <inheritdoc/>
    public void Dispose()
    {
        scorer.Dispose();
        _engines.ReleaseOne();
    }

    /// <summary>Makes the cache of one transformed view.</summary>
    public ScoreCache CreateCache(IHost host)
    {
        var folder = (environment as IHostEnvironmentInternal)?.TempFilePath ?? Path.GetTempPath();
        return new(CacheLimit, new ScoreFile(folder), message =>
        {
            using var channel = host.Start("Cache");
            channel.Warning(message);
        });
    }

    private ColumnBindings Bind(DataViewSchema inputSchema)
    {
        scorer.ThrowIfDisposed();
        text.FindIn(inputSchema);
        return new(inputSchema, [.. columns.Select(column => column.Definition)]);
    }
}
