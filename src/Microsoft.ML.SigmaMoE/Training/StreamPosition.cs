namespace Microsoft.ML.SigmaMoE;

/// <summary>Where a token stream stands: the next batch it gives. Both numbers begin at 0.</summary>
internal readonly record struct StreamPosition(int Epoch, long Step);
