namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>One system of the paper, made as large as a given mixture.</summary>
/// <param name="Name">Its word on the command line.</param>
/// <param name="Title">Its name in tables.</param>
/// <param name="PaperPerplexity">What the paper measured on WikiText-103 with 47 million parameters.</param>
/// <param name="Block">
/// From the mixture to compare with, and the model's shape, to the block of equally many parameters.
/// </param>
internal sealed record ComparedSystem(
    string Name, string Title, double PaperPerplexity,
    Func<MixtureOfExpertsOptions, ModelOptions, FeedForwardOptions> Block);
