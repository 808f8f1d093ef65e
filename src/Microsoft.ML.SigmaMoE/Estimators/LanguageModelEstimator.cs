using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// <see cref="IEstimator{TTransformer}"/> that trains a language model on a text column; the fitted transformer scores
/// text and turns it into features.
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
/// ### Input and Output Columns
/// The input column must be a single text (<xref:Microsoft.ML.Data.TextDataViewType>). No label is needed. Empty and
/// missing texts are not trained on. The output columns, each of which can be turned off, are:
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
/// | Machine learning task | Language modelling |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Is normalization required? | No |
/// | Is caching required? | No |
/// | Required NuGet in addition to Microsoft.ML | Microsoft.ML.SigmaMoE and a libtorch package |
/// | Exportable to ONNX | No |
///
/// ### Training Algorithm Details
/// A Transformer-XL whose feed-forward blocks are mixtures of many small experts (σ-MoE, Csordás, Irie and Schmidhuber:
/// "Approximating Two-Layer Feedforward Networks for Efficient Transformers", 2023) learns to predict every token of a
/// text from those before it, with AdamW, a warm-up and a cosine-shaped learning rate. A tokenizer is trained first
/// unless the options name another. The text is written once, as tokens, into a file under the context's
/// `TempFilePath`, so it may be larger than memory; the input is read twice. Progress goes to the context's log and
/// progress channel, and to the options' `Progress`.
///
/// ML.NET's export to ONNX does not fail at a step that cannot be exported: it warns and exports the rest.
/// ]]></format>
/// </remarks>
public sealed class LanguageModelEstimator : IEstimator<LanguageModelTransformer>
{
    private readonly IHostEnvironment _environment;
    private readonly TextColumn _text;
    private readonly LanguageModelOptions _options;
    private readonly IReadOnlyList<ScoreColumn> _columns;

    internal LanguageModelEstimator(IHostEnvironment environment, string inputColumn, LanguageModelOptions options)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(inputColumn);
        options.Validate();
        (_environment, _text, _options) = (environment, new(inputColumn), options);
        _columns = ScoreColumns.For(options.Columns, options.Features, ScoreSizes.Of(options));
    }

    /// <summary>Trains a model on the text; a share of the rows is kept to measure it.</summary>
    /// <inheritdoc cref="Fit(IDataView, IDataView?, LanguageModel?)"/>
    public LanguageModelTransformer Fit(IDataView input) => Fit(input, null);

    /// <summary>Trains a model on the text, or trains one further.</summary>
    /// <param name="input">The data to train on.</param>
    /// <param name="validation">
    /// The data to measure on; null keeps a share of <paramref name="input"/> for that.
    /// </param>
    /// <param name="initial">A model to go on from, or null for a new one. It stays as it is.</param>
    /// <exception cref="ArgumentException">The initial model is of another shape, tokenizer or precision.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The text column is missing or of another type.</exception>
    /// <exception cref="InvalidOperationException">
    /// No row holds any text, or the GPU that was asked for is not there.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled, and the options say to throw then.</exception>
    public LanguageModelTransformer Fit(IDataView input, IDataView? validation, LanguageModel? initial = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        _text.FindIn(input.Schema);
        if (initial is not null)
        {
            InitialModel.Check(_options, initial.Options);
        }

        var host = _environment.Register(nameof(LanguageModelEstimator));
        using var cancellation = new HostCancellation(host);
        using var progress = new ContextProgress(host, _options.Training.Progress);
        var options = _options with
        {
            Training = _options.Training with { Progress = progress, Seed = Seed, BeforeStep = host.CheckAlive },
        };
        var rows = new TextRows(host, input, _text);
        var kept = validation is null ? null : new TextRows(host, validation, _text);
        var training = new LanguageModelTraining(Device, TemporaryFolder);
        var model = initial is null
            ? training.Train(options, rows, kept, cancellation.Token)
            : training.Continue(initial, options.Training, rows, kept, cancellation.Token);
        return LanguageModelTransformer.TakeOver(_environment, model, Scoring);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The text column is missing or of another type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        _text.CheckIn(inputSchema);
        return _columns.AddTo(inputSchema);
    }

    private ScoringOptions Scoring =>
        new() { InputColumn = _text.Name, Columns = _options.Columns, Features = _options.Features };

    private int? Seed => _options.Training.Seed ?? (_environment as IHostEnvironmentInternal)?.Seed;

    private string TemporaryFolder => (_environment as IHostEnvironmentInternal)?.TempFilePath ?? Path.GetTempPath();

    private TorchSharp.torch.Device Device =>
        ContextDevice.Choose(_environment, _options.GpuDeviceId, _options.FallbackToCpu);
}
