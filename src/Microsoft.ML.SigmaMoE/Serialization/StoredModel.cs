namespace Microsoft.ML.SigmaMoE;

/// <summary>What a model folder holds.</summary>
/// <param name="Options">What the model was made with.</param>
/// <param name="Tokenizer">The tokenizer that belongs to the weights, or null where it is elsewhere.</param>
/// <param name="Network">The network with its weights. Whoever loads it owns it, and its randomness.</param>
/// <param name="History">What training reported, in the order of its steps; empty where nothing was trained.</param>
internal sealed record StoredModel(
    LanguageModelOptions Options, TextTokenizer? Tokenizer, TransformerNetwork Network,
    IReadOnlyList<TrainingProgress> History);
