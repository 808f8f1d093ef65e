using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// <see cref="ITransformer"/> that scores text with a language model and turns it into features, resulting from fitting
/// a <see cref="LanguageModelEstimator"/> or a <see cref="LanguageModelScoringEstimator"/>.
/// </summary>
/// <remarks>
/// <para>
/// Transforming computes nothing. A cursor computes the columns that somebody reads, a window of rows at a time, and
/// the transformed view keeps them for the next pass: in up to 256 MB of memory, then in a file under
/// <see cref="MLContext.TempFilePath"/> that is gone with the view. A view that was made before its input changed must
/// not be read again; transform the changed data anew.
/// </para>
/// <para>
/// Safe to use from several threads at once. Dispose it when nothing uses it any more; nothing new can be made from it
/// then, and the weights go when the cursors that are open are disposed too. A
/// <see cref="PredictionEngine{TSrc, TDst}"/> disposes its transformer unless it is told that it does not own it; the
/// other engines of that transformer work until the last of them is disposed.
/// </para>
/// </remarks>
public sealed class LanguageModelTransformer : ITransformer, IDisposable
{
    private readonly IHostEnvironment _environment;
    private readonly LanguageModel _model;
    private readonly ScoringOptions _options;
    private readonly RowScoring _scoring;

    private LanguageModelTransformer(IHostEnvironment environment, LanguageModel model, ScoringOptions options)
    {
        var scorer = model.Scorer(options.Features);
        var columns = ScoreColumns.For(options.Columns, options.Features, ScoreSizes.Of(scorer));
        var reference = new Shared<IRowScorer>(scorer, _ => model.Dispose(), typeof(LanguageModelTransformer));
        (_environment, _model, _options) = (environment, model, options);
        _scoring = new(environment, reference, new(options.InputColumn), columns);
    }

    /// <summary>Gets the model, to generate text with or to save on its own. It lives as long as this object.</summary>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public LanguageModel Model
    {
        get
        {
            _scoring.Scorer.ThrowIfDisposed();
            return _model;
        }
    }

    /// <summary>
    /// Gets what training reported as a table, a row a report: Step, Epoch, Tokens, Loss (nats a token), Perplexity,
    /// ValidationLoss (NaN where it was not measured), BalancingLoss, LearningRate, GradientNorm, TokensPerSecond,
    /// ElapsedSeconds, LossScale (NaN in precisions other than <see cref="Precision.Float16"/>), SkippedSteps, and
    /// vectors with a number for each layer with experts: ExpertEntropy (1 when all experts are used alike) and
    /// DeadExperts. Without rows where nothing was trained. <see cref="LanguageModel.History"/> has the same as
    /// objects.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public IDataView History => TrainingHistory.View(_environment, Model.History);

    /// <summary>Gets the name of the text column.</summary>
    public string InputColumnName => _options.InputColumn;

    /// <summary>Gets the names of the added columns.</summary>
    public OutputColumns Columns => _options.Columns;

    bool ITransformer.IsRowToRowMapper => true;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The text column is missing or of another type.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => _scoring.GetOutputSchema(inputSchema);

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The text column is missing or of another type.</exception>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public IDataView Transform(IDataView input) => _scoring.Transform(input);

    /// <summary>Ends the use of this transformer. It may be called several times.</summary>
    public void Dispose() => _scoring.Dispose();

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) =>
        _scoring.GetRowToRowMapper(inputSchema);

    void ICanSaveModel.Save(ModelSaveContext ctx) => LanguageModelSerializer.Save(ctx, _options, Model);

    /// <summary>Makes a transformer that disposes <paramref name="model"/>, also when it cannot be made.</summary>
    internal static LanguageModelTransformer TakeOver(
        IHostEnvironment environment, LanguageModel model, ScoringOptions options)
    {
        try
        {
            return new(environment, model, options);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
