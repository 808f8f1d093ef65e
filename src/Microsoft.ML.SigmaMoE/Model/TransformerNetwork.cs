using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The Transformer: embedding → layers → normalisation → logits. Shapes throughout: batch = rows, time = T tokens of
/// one segment, M = tokens in memory, S = M + T, d_model = width of the residual stream, V = vocabulary.
/// </summary>
internal sealed class TransformerNetwork : nn.Module
{
    [ComponentName(Name = "embedding")] private readonly Parameter _embedding;       // [V, d_model]
    [ComponentName(Name = "layers")] private readonly ModuleList<TransformerLayer> _layers;
    [ComponentName(Name = "output_norm")] private readonly LayerNorm _outputNorm;
    [ComponentName(Name = "output")] private readonly Parameter? _output;            // [V, d_model], or the embedding
    [ComponentName(Name = "output_bias")] private readonly Parameter _outputBias;    // [V]
    [ComponentName(Name = "dropout")] private readonly InvertedDropout _dropout;
    private readonly FrozenWeights _frozen;
    private readonly MixedLinear _linear;
    private readonly Float32Choice _speed;

    public TransformerNetwork(
        ModelOptions model,
        FeedForwardOptions feedForward,
        int vocabularySize,
        ComputePrecision precision,
        Randomness randomness)
        : base(nameof(TransformerNetwork))
    {
        model.Validate();
        feedForward.Validate();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabularySize);
        (Model, VocabularySize, Precision, Randomness) = (model, vocabularySize, precision, randomness);
        (ExpertLayerCount, ExpertCount) = CountExperts(model, feedForward);
        FeedForward = feedForward;
        var context = new BlockContext(model, precision, randomness);
        (_frozen, _linear) = (context.Frozen, context.Linear);
        long[] shape = [vocabularySize, model.ModelSize];
        var xavier = Math.Sqrt(6.0 / (vocabularySize + model.ModelSize));
        _embedding = WeightInitialization.Uniform(shape, xavier, randomness);
        _layers = new([.. Enumerable.Range(0, model.EffectiveDistinctLayerCount).Select(layer => new TransformerLayer(feedForward.ForLayer(layer), context))]);
        _outputNorm = nn.LayerNorm(model.ModelSize, model.NormalizationEpsilon);
        _output = model.TiedEmbeddings
            ? null
            : WeightInitialization.Uniform(shape, 1 / Math.Sqrt(model.ModelSize), randomness);
        _outputBias = WeightInitialization.Uniform([vocabularySize], 1 / Math.Sqrt(model.ModelSize), randomness);
        _dropout = new InvertedDropout(model.Dropout, randomness);
        RegisterComponents();
        _speed = Float32Choice.Hold(Wish(precision));
    }

    /// <summary>Gets the network's shape.</summary>
    public ModelOptions Model { get; }

    /// <summary>Gets what stands in the layers after attention.</summary>
    public FeedForwardOptions FeedForward { get; }

    /// <summary>Gets the number of different tokens (V).</summary>
    public int VocabularySize { get; }

    /// <summary>Gets how matrices are multiplied.</summary>
    public ComputePrecision Precision { get; }

    /// <summary>Gets the number of layers with experts, however many of them share their weights.</summary>
    public int ExpertLayerCount { get; }

    /// <summary>Gets the number of experts a layer; 0 where there are none.</summary>
    public int ExpertCount { get; }

    /// <summary>Gets where dropout draws from; checkpoints keep its state. Owned by whoever created it.</summary>
    public Randomness Randomness { get; }

    /// <summary>Gets where the weights live.</summary>
    public Device Device => _embedding.device;

    /// <summary>Gets what is kept of weights once they do not change.</summary>
    public FrozenWeights Frozen => _frozen;

    /// <summary>Gets what stands in a layer after attention; the first is layer 0.</summary>
    public FeedForward Block(int layer) => _layers[layer % _layers.Count].Block;

    /// <summary>
    /// Ends training for good: from now on the network may keep copies of its weights as its products read them.
    /// </summary>
    public void Freeze()
    {
        eval();
        _frozen.Freeze();
    }

    /// <summary>Refuses to change weights of which there may be copies.</summary>
    /// <exception cref="InvalidOperationException">The network is frozen.</exception>
    public void ThrowIfFrozen()
    {
        if (_frozen.IsFrozen)
        {
            throw new InvalidOperationException(
                "The network is frozen, so its weights cannot change. Train a copy of it.");
        }
    }

    /// <summary>Reads one segment and remembers it.</summary>
    /// <param name="tokens">[batch, time], int64.</param>
    /// <param name="memory">What came before; gets this segment appended.</param>
    /// <param name="keepLayerOutputs">Whether every layer's output is returned.</param>
    public NetworkOutput Forward(Tensor tokens, SegmentMemory memory, bool keepLayerOutputs = false)
    {
        var documents = memory.FindDocuments(tokens);
        var windows = new KeyWindows(
            tokens.size(1), memory.Length, !training && Model.SameLengthEvaluation, documents?.Keys);
        var positions = SegmentPositions.Create(Model, windows, tokens.device);
        var embedded = _embedding.index_select(0, tokens.flatten()).view(tokens.size(0), tokens.size(1), -1);
        var hidden = _dropout.forward(embedded);                                       // [batch, time, d_model]
        var (remembered, outputs, routings) = (new List<Tensor>(), new List<Tensor>(), new List<Routing>());
        for (var depth = 0; depth < Model.LayerCount; depth++)
        {
            var (output, kept) = Run(_layers[depth % _layers.Count], hidden, memory, depth, positions);
            remembered.Add(kept);
            if (keepLayerOutputs)
            {
                outputs.Add(output.Hidden);
            }

            hidden = output.Hidden;
            if (output.Routing is { } routing)
            {
                routings.Add(routing);
            }
        }

        memory.Append(remembered, documents);
        return new(_outputNorm.forward(hidden), outputs, routings);
    }

    /// <summary>
    /// Reads tokens that follow those in a cache, and adds them to it. For evaluation only: there is no dropout.
    /// </summary>
    /// <param name="tokens">[batch, time], int64.</param>
    /// <param name="cache">What is kept of the tokens before.</param>
    /// <returns>[batch, time, d_model]: the last layer's output after the final normalisation.</returns>
    public Tensor Continue(Tensor tokens, ReadingCache cache)
    {
        // in other number types products read what is kept
        _frozen.CountReading(() => Precision.Type == ScalarType.Float32 ? parameters() : []);
        var windows = new KeyWindows(tokens.size(1), cache.Length, Model.SameLengthEvaluation);
        var positions = SegmentPositions.Continue(Model, windows, tokens.device);
        var hidden = _embedding.index_select(0, tokens.flatten()).view(tokens.size(0), tokens.size(1), -1);
        for (var depth = 0; depth < Model.LayerCount; depth++)
        {
            using var scope = NewDisposeScope();
            hidden = _layers[depth % _layers.Count].Continue(hidden, cache[depth], positions).MoveToOuterDisposeScope();
        }

        return _outputNorm.forward(hidden);
    }

    /// <summary>Computes the logits of every next token, [.., V], float32, from hidden states [.., d_model].</summary>
    public Tensor Logits(Tensor hidden) => _linear.Apply(_dropout.forward(hidden), OutputMatrix, _outputBias);

    /// <summary>
    /// Computes the log-likelihood of next tokens in nats, [tokens], float32. For evaluation only: there is no dropout.
    /// </summary>
    /// <param name="hidden">[tokens, d_model].</param>
    /// <param name="targets">[tokens], int64: what follows each.</param>
    public Tensor Likelihoods(Tensor hidden, Tensor targets) =>
        OutputLikelihoods.Of(hidden, OutputMatrix, _outputBias, targets, _linear);

    /// <summary>
    /// Computes what a training step minimises. Nothing else of the pass stays but what its backward pass needs.
    /// </summary>
    /// <param name="tokens">[batch, time + 1], int64: each token but the last predicts the one after it.</param>
    /// <param name="memory">What came before; gets the segment appended.</param>
    public NetworkLoss Loss(Tensor tokens, SegmentMemory memory)
    {
        using var scope = NewDisposeScope();
        var time = tokens.size(1) - 1;
        var output = Forward(tokens.narrow(1, 0, time), memory);
        var hidden = _dropout.forward(output.Hidden).flatten(0, 1);                    // [batch · time, d_model]
        var targets = tokens.narrow(1, 1, time).flatten();                             // [batch · time]
        var loss = OutputLoss.Apply(hidden, OutputMatrix, _outputBias, targets, _linear);
        return new(
            loss.MoveToOuterDisposeScope(),
            Balancing(output.Routings)?.MoveToOuterDisposeScope(),
            [.. output.Routings.Select(routing => routing.Detached().MoveToOuterDisposeScope())]);
    }

    /// <summary>Lets the blocks adapt what no gradient reaches.</summary>
    /// <param name="passes">Where the tokens of each of the step's passes went.</param>
    public void AfterStep(IReadOnlyList<IReadOnlyList<Routing>> passes)
    {
        foreach (var (index, layer) in _layers.Index())
        {
            Routing[] calls = [.. passes.SelectMany(routings => CallsOf(index, routings))];
            if (calls.Length > 0)
            {
                layer.Block.AfterStep(calls);
            }
        }
    }

    private Float32Wish Wish(ComputePrecision precision) =>
        precision.AllowsTensorFloat32 && TensorKernels.Of(_embedding) is { Device.Capability: >= 80 }
            ? Float32Wish.RoundedOnGpu
        : Device.type == DeviceType.CPU ? Float32Wish.FastOnProcessor
        : Float32Wish.ExactOnGpu;

    private Tensor OutputMatrix => _output ?? _embedding;

    private static (int Depths, int Experts) CountExperts(ModelOptions model, FeedForwardOptions feedForward)
    {
        var layers = model.EffectiveDistinctLayerCount;
        var mixtures = feedForward.Blocks(layers)
            .Where(part => part.Block is MixtureOfExpertsOptions && part.Count > 0)
            .ToArray();
        return mixtures.Length == 0
            ? (0, 0)
            : (
                model.LayerCount / layers * mixtures.Sum(part => part.Count),
                ((MixtureOfExpertsOptions)mixtures[0].Block).ExpertCount);
    }

    private Tensor? Balancing(IReadOnlyList<Routing> routings) => routings.Count == 0 ? null : _layers
        .Select((layer, index) => layer.Block.BalancingLoss([.. CallsOf(index, routings)]))
        .Aggregate((Tensor?)null, (sum, loss) => sum is null ? loss : loss is null ? sum : sum.Plus(loss));

    // A layer that is used at several depths is called at each.
    private IEnumerable<Routing> CallsOf(int layer, IReadOnlyList<Routing> routings) =>
        Enumerable.Range(0, Model.LayerCount)
            .Select(depth => depth % _layers.Count)
            .Where(used => _layers[used].Block.HasExperts)
            .Zip(routings)
            .Where(call => call.First == layer)
            .Select(call => call.Second);

    // Returns what memory is to keep of the segment, too. What a backward pass needs of the layer, libtorch holds.
    private static (FeedForwardOutput Output, Tensor Kept) Run(
        TransformerLayer layer, Tensor hidden, SegmentMemory memory, int depth, SegmentPositions positions)
    {
        using var scope = NewDisposeScope();
        var (output, kept) = memory.KeepsKeys
            ? layer.Read(hidden, memory[depth], positions)
            : (layer.Forward(hidden, memory[depth], positions), hidden);
        output.Hidden.MoveToOuterDisposeScope();
        output.Routing?.MoveToOuterDisposeScope();
        return (output, memory.KeepsKeys ? kept.MoveToOuterDisposeScope() : kept);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _frozen.Dispose();
            _speed.Dispose();
        }

        base.Dispose(disposing);
    }
}
