namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Work that Ctrl+C stopped cleanly; the message says how to go on.</summary>
internal sealed class InterruptedException(string message) : Exception(message);
