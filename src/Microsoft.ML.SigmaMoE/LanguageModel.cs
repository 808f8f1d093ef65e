using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A trained language model: scores text, turns it into features and continues it. Usable without ML.NET.
/// </summary>
/// <remarks>
/// Safe to use from several threads at once. Dispose it when you no longer use it: the weights go when nothing else (a
/// transformer, a call in progress) uses them either. Text is scored as a document of its own, from an empty memory,
/// whatever its length.
/// </remarks>
public sealed partial class LanguageModel : IDisposable
{
    private readonly Shared<TransformerNetwork> _network;
    private readonly TextTokenizer? _tokenizer;

    /// <summary>Makes a model that owns its network.</summary>
    internal LanguageModel(StoredModel stored)
        : this(stored, new Shared<TransformerNetwork>(stored.Network, DisposeNetwork, typeof(LanguageModel)))
    {
        stored.Network.Freeze();
    }

    private LanguageModel(StoredModel stored, Shared<TransformerNetwork> network)
    {
        // a model outlives the program's objects that followed its training
        var training = stored.Options.Training with { Progress = null, CancellationToken = default, BeforeStep = null };
        Options = stored.Options with { Training = training };
        (_tokenizer, History, _network) = (stored.Tokenizer, stored.History, network);
        VocabularySize = stored.Network.VocabularySize;
        Cost = ModelCost.Of(Options.Model, Options.FeedForward, VocabularySize);
    }

    /// <summary>Gets the options that the model was made with.</summary>
    public LanguageModelOptions Options { get; }

    /// <summary>Gets the tokenizer that belongs to the weights.</summary>
    /// <exception cref="InvalidOperationException">The model has none; see <see cref="HasTokenizer"/>.</exception>
    public TextTokenizer Tokenizer => _tokenizer ?? throw new InvalidOperationException(
        "The model has no tokenizer: it was imported from a checkpoint whose tokenizer is elsewhere. "
        + "Give it token ids instead of text, or import it with ImportOptions.Tokenizer.");

    /// <summary>
    /// Gets whether the model knows how text becomes tokens; an imported one may know token ids only.
    /// </summary>
    public bool HasTokenizer => _tokenizer is not null;

    /// <summary>Gets the number of different tokens (V); ids are 0 to V − 1.</summary>
    public int VocabularySize { get; }

    /// <summary>Gets the number of parameters and the work of a token.</summary>
    public ModelCost Cost { get; }

    /// <summary>Gets what training reported, in the order of its steps; empty where nothing was trained.</summary>
    public IReadOnlyList<TrainingProgress> History { get; }

    internal TransformerNetwork Network => _network.Value;

    /// <summary>Creates a model with fresh weights, drawn from the training options' seed.</summary>
    /// <param name="options">Validated here.</param>
    /// <param name="tokenizer">The tokenizer; its vocabulary sizes the embedding.</param>
    /// <param name="device">Where the weights live.</param>
    internal static LanguageModel Create(LanguageModelOptions options, TextTokenizer tokenizer, Device device)
    {
        options.Validate();
        TorchRuntime.EnsureLoadable();
        return new(new(options, tokenizer, options.CreateNetwork(tokenizer.VocabularySize, device), []));
    }

    /// <summary>Loads a model that <see cref="Save(string)"/> wrote.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="gpuDeviceId">The GPU to load it to, or null for the processor.</param>
    /// <param name="fallbackToCpu">Whether the processor is used where that GPU cannot be.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or does not belong to the others.</exception>
    public static LanguageModel Load(string folder, int? gpuDeviceId = null, bool fallbackToCpu = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Load(new FolderStreams(folder), ComputeDevice.Choose(gpuDeviceId, fallbackToCpu));
    }

    internal static LanguageModel Load(INamedStreams files, Device device)
    {
        TorchRuntime.EnsureLoadable();
        return new(ModelFolder.Load(files, device));
    }

    /// <summary>Saves the model into a folder, whose model is replaced only when the new one is complete.</summary>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        using var network = _network.Copy();
        ModelFolder.Save(folder, Stored(network));
    }

    internal void Save(INamedStreams files)
    {
        using var network = _network.Copy();
        ModelFolder.Save(files, Stored(network));
    }

    /// <summary>Scores a text: the log-likelihood of every token given those before it.</summary>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public RowScore Score(string text) => Score([text])[0];

    /// <summary>Scores texts, many in one forward pass. Results are in the order of the texts.</summary>
    /// <param name="texts">Independent documents; null counts as empty.</param>
    /// <param name="cancellationToken">Looked at before every forward pass.</param>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public IReadOnlyList<RowScore> Score(IEnumerable<string> texts, CancellationToken cancellationToken = default) =>
        Score(texts, Options.Features, ScoreParts.LogLikelihoods, cancellationToken);

    /// <summary>Turns texts into feature vectors: their hidden states, pooled.</summary>
    /// <param name="texts">Independent documents; null counts as empty and gives zeros.</param>
    /// <param name="features">How to pool; null for the model's own options.</param>
    /// <param name="cancellationToken">Looked at before every forward pass.</param>
    /// <returns>One vector a text.</returns>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public IReadOnlyList<float[]> Embed(
        IEnumerable<string> texts, FeatureOptions? features = null, CancellationToken cancellationToken = default)
    {
        var scores = Score(texts, features ?? Options.Features, ScoreParts.Features, cancellationToken);
        return [.. scores.Select(score => score.Features)];
    }

    /// <summary>Continues a text.</summary>
    /// <param name="prompt">
    /// The beginning of a document, which is not part of the result; empty for a new document.
    /// </param>
    /// <param name="options">How to draw tokens and when to stop; null for the defaults.</param>
    /// <param name="cancellationToken">Looked at before every token.</param>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public string Generate(
        string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        string.Concat(GenerateStreaming(prompt, options, cancellationToken));

    /// <summary>Continues a text, and gives it piece by piece as it becomes certain.</summary>
    /// <inheritdoc cref="Generate"/>
    /// <returns>
    /// Pieces of whole characters. Nothing is computed until they are enumerated, and each enumeration begins anew.
    /// </returns>
    public IEnumerable<string> GenerateStreaming(
        string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        options ??= new();
        options.Validate();
        _network.ThrowIfDisposed();
        _ = Tokenizer;
        return Continue(prompt, options, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _network.Dispose();

    /// <summary>Makes a model of the same weights that is disposed on its own.</summary>
    internal LanguageModel Share()
    {
        var network = _network.Copy();
        return new(Stored(network), network);
    }

    internal IRowScorer Scorer(FeatureOptions features)
    {
        features.Validate(Options.Model.LayerCount);
        return new RowScorer(Network, Tokenizer, features);
    }

    private static void DisposeNetwork(TransformerNetwork network)
    {
        network.Dispose();
        network.Randomness.Dispose();
    }

    private RowScore[] Score(
        IEnumerable<string> texts, FeatureOptions features, ScoreParts parts, CancellationToken cancellationToken)
    {
        using var network = _network.Copy();
        return Scorer(features).Score([.. texts.Select(text => text.AsMemory())], parts, cancellationToken);
    }

    private IEnumerable<string> Continue(string prompt, GenerationOptions options, CancellationToken cancellationToken)
    {
        using var network = _network.Copy();
        foreach (var piece in new TextGenerator(network.Value, Tokenizer).Generate(prompt, options, cancellationToken))
        {
            yield return piece;
        }
    }

    private StoredModel Stored(Shared<TransformerNetwork> network) => new(Options, _tokenizer, network.Value, History);
}
