using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// <see cref="IEstimator{TTransformer}"/> that scores text with a language model that is trained already, and turns it
/// into features.
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
/// ### Input and Output Columns
/// The input column must be a single text (<xref:Microsoft.ML.Data.TextDataViewType>). An empty or missing text has 0
/// tokens. The output columns, each of which can be turned off, are:
///
/// | Output column | Column type | Description |
/// | -- | -- | -- |
/// | `Features` | Known-sized vector of <xref:System.Single> | The hidden states of the row's tokens, pooled. |
/// | `LogLikelihood` | <xref:System.Single> | The natural logarithm of the row's probability; 0 for an empty row. |
/// | `Perplexity` | <xref:System.Single> | The perplexity per token; NaN for an empty row. |
/// | `BitsPerByte` | <xref:System.Single> | The bits that a byte of UTF-8 takes; NaN for an empty row. |
/// | `TokenCount` | <xref:System.Int32> | The number of tokens. |
/// | `TokenLogLikelihoods` | Variable-sized vector of <xref:System.Single> | Each token's log-likelihood. Off by
/// default. | | `ExpertUsage` | Known-sized vector of <xref:System.Single> | Each expert's share of its layer's slots.
/// Off by default. |
///
/// ### Estimator Characteristics
/// | | |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | No |
/// | Input column data type | Text |
/// | Output column data type | Vector of <xref:System.Single>, <xref:System.Single>, <xref:System.Int32> |
/// | Required NuGet in addition to Microsoft.ML | Microsoft.ML.SigmaMoE and a libtorch package |
/// | Exportable to ONNX | No |
///
/// ML.NET's export to ONNX does not fail at a step that cannot be exported: it warns and exports the rest.
/// ]]></format>
/// </remarks>
public sealed class LanguageModelScoringEstimator : IEstimator<LanguageModelTransformer>
{
    private readonly IHostEnvironment _environment;
    private readonly LanguageModel _model;
    private readonly ScoringOptions _options;
    private readonly IReadOnlyList<ScoreColumn> _columns;

    internal LanguageModelScoringEstimator(
        IHostEnvironment environment,
        string inputColumn,
        LanguageModel model,
        OutputColumns columns,
        FeatureOptions? features)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(inputColumn);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(columns);
        (_environment, _model) = (environment, model);
        features ??= model.Options.Features;
        _options = new() { InputColumn = inputColumn, Columns = columns, Features = features };
        _columns = ScoreColumns.For(columns, features, ScoreSizes.Of(model.Scorer(features)));
    }

    /// <summary>Makes the transformer. It keeps the model alive by itself; no data is read.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The text column is missing or of another type.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public LanguageModelTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        new TextColumn(_options.InputColumn).FindIn(input.Schema);
        return LanguageModelTransformer.TakeOver(_environment, _model.Share(), _options);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The text column is missing or of another type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        new TextColumn(_options.InputColumn).CheckIn(inputSchema);
        return _columns.AddTo(inputSchema);
    }
}
