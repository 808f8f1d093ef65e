using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>From documents to a trained model: tokenizer, token files, network, trainer.</summary>
/// <param name="device">Where the model lives.</param>
/// <param name="temporaryFolder">Where the token files stand meanwhile.</param>
internal sealed class LanguageModelTraining(Device device, string temporaryFolder)
{
    /// <summary>Trains a new model.</summary>
    /// <param name="options">What to make; validated here.</param>
    /// <param name="documents">Read twice: for the tokenizer, where that is trained, and for the model.</param>
    /// <param name="validation">
    /// The documents to measure on; null keeps a share of <paramref name="documents"/> for that.
    /// </param>
    /// <param name="cancellationToken">Looked at before every document and every step.</param>
    /// <exception cref="ArgumentException">An option is wrong, or the text is too short for it.</exception>
    /// <exception cref="InvalidOperationException">No document holds any text.</exception>
    public LanguageModel Train(
        LanguageModelOptions options,
        IEnumerable<ReadOnlyMemory<char>> documents,
        IEnumerable<ReadOnlyMemory<char>>? validation = null,
        CancellationToken cancellationToken = default)
    {
        options.Validate();
        TorchRuntime.EnsureLoadable();
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, options.Training.CancellationToken);
        var tokenizer = TextTokenizer.Train(options.Tokenizer, documents, cancellationToken: cancellation.Token);
        return Fit(options, tokenizer, _ => { }, documents, validation, cancellation.Token);
    }

    /// <summary>
    /// Trains a copy of a model further, on the same or on other text. The model itself stays as it is.
    /// </summary>
    /// <param name="initial">Gives its shape, tokenizer and weights.</param>
    /// <param name="training">How to train this time.</param>
    /// <param name="documents">Read once.</param>
    /// <param name="validation">
    /// The documents to measure on; null keeps a share of <paramref name="documents"/> for that.
    /// </param>
    /// <param name="cancellationToken">Looked at before every document and every step.</param>
    /// <exception cref="ArgumentException">An option is wrong, or the text is too short for it.</exception>
    /// <exception cref="InvalidOperationException">No document holds any text.</exception>
    public LanguageModel Continue(
        LanguageModel initial,
        TrainingOptions training,
        IEnumerable<ReadOnlyMemory<char>> documents,
        IEnumerable<ReadOnlyMemory<char>>? validation = null,
        CancellationToken cancellationToken = default)
    {
        var options = initial.Options with { Training = training };
        options.Validate();
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, training.CancellationToken);
        return Fit(
            options, initial.Tokenizer, network => WeightSnapshot.Copy(initial.Network, network), documents, validation,
            cancellation.Token);
    }

    private LanguageModel Fit(
        LanguageModelOptions options,
        TextTokenizer tokenizer,
        Action<TransformerNetwork> initialize,
        IEnumerable<ReadOnlyMemory<char>> documents,
        IEnumerable<ReadOnlyMemory<char>>? validation,
        CancellationToken cancellationToken)
    {
        using var corpus = TokenCorpus.Write(
            documents, validation, tokenizer, options.Training, temporaryFolder, cancellationToken);
        var network = options.CreateNetwork(tokenizer.VocabularySize, device);
        try
        {
            initialize(network);
            using var trainer = new Trainer(network, options.Training, corpus.Training, corpus.Validation);
            var result = trainer.Run(cancellationToken);
            return new(new StoredModel(options, tokenizer, network, result.Reports));
        }
        catch
        {
            network.Dispose();
            network.Randomness.Dispose();
            throw;
        }
    }
}
