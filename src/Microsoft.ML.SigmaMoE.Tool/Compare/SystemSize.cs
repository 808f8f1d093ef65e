namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>A system beside the others.</summary>
/// <param name="ParameterDifference">How many parameters more than σ-MoE it has.</param>
/// <param name="FeedForwardShare">Its feed-forward work as a share of a dense block's of equal size.</param>
internal readonly record struct SystemSize(long ParameterDifference, double FeedForwardShare);
