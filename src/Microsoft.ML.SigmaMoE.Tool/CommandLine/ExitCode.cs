namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>What the process returns.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>The user can put it right.</summary>
    public const int UserMistake = 1;

    /// <summary>Only we can put it right.</summary>
    public const int OurFault = 2;

    /// <summary>It was interrupted: 128 + SIGINT, as shells count it.</summary>
    public const int Interrupted = 130;
}
