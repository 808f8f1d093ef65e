namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Something that the person at the keyboard can put right; its message says how.</summary>
internal sealed class UserException(string message) : Exception(message);
