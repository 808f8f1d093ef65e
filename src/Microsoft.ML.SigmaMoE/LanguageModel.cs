using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>A trained language model: scores text, turns it into features and continues it. Usable without ML.NET.</summary>
/// <remarks>
/// Safe to use from several threads at once. Owns its weights: dispose it when nothing uses it any more. Text is scored
/// as a document of its own, from an empty memory, whatever its length.
/// </remarks>
public sealed class LanguageModel : IDisposable
{
    private readonly TransformerNetwork _network;
    private bool _disposed;

    internal LanguageModel(LanguageModelOptions options, TextTokenizer tokenizer, TransformerNetwork network)
    {
        (Options, Tokenizer, _network) = (options, tokenizer, network);
        Cost = ModelCost.Of(options.Model, options.FeedForward, network.VocabularySize);
        network.eval();
    }

    /// <summary>Gets the options that the model was made with.</summary>
    public LanguageModelOptions Options { get; }

    /// <summary>Gets the tokenizer that belongs to the weights.</summary>
    public TextTokenizer Tokenizer { get; }

    /// <summary>Gets the number of parameters and the work of a token.</summary>
    public ModelCost Cost { get; }

    internal TransformerNetwork Network
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _network;
        }
    }

    /// <summary>Creates a model with fresh weights, drawn from the training options' seed.</summary>
    /// <param name="options">Validated here.</param>
    /// <param name="tokenizer">The tokenizer; its vocabulary sizes the embedding.</param>
    /// <param name="device">Where the weights live.</param>
    internal static LanguageModel Create(LanguageModelOptions options, TextTokenizer tokenizer, Device device)
    {
        options.Validate();
        TorchRuntime.EnsureLoadable();
        return new(options, tokenizer, TransformerNetwork.Create(options, tokenizer.VocabularySize, device));
    }

    /// <summary>Scores a text: the log-likelihood of every token given those before it.</summary>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public RowScore Score(string text) => Score([text])[0];

    /// <summary>Scores texts, many in one forward pass. Results are in the order of the texts.</summary>
    /// <param name="texts">Independent documents; null counts as empty.</param>
    /// <param name="cancellationToken">Looked at before every forward pass.</param>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public IReadOnlyList<RowScore> Score(IEnumerable<string> texts, CancellationToken cancellationToken = default) =>
        Scorer(Options.Features).Score([.. texts.Select(text => text.AsMemory())], ScoreParts.LogLikelihoods, cancellationToken);

    /// <summary>Turns texts into feature vectors: their hidden states, pooled.</summary>
    /// <param name="texts">Independent documents; null counts as empty and gives zeros.</param>
    /// <param name="features">How to pool; null for the model's own options.</param>
    /// <param name="cancellationToken">Looked at before every forward pass.</param>
    /// <returns>One vector a text.</returns>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public IReadOnlyList<float[]> Embed(
        IEnumerable<string> texts, FeatureOptions? features = null, CancellationToken cancellationToken = default)
    {
        var scores = Scorer(features ?? Options.Features)
            .Score([.. texts.Select(text => text.AsMemory())], ScoreParts.Features, cancellationToken);
        return [.. scores.Select(score => score.Features)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _network.Dispose();
            _network.Randomness.Dispose();
        }
    }

    internal IRowScorer Scorer(FeatureOptions features)
    {
        features.Validate(Options.Model.LayerCount);
        return new RowScorer(Network, Tokenizer, features);
    }
}
