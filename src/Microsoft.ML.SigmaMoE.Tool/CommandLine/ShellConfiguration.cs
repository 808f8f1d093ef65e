using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>Hands the <see cref="Shell"/> to the verb that runs.</summary>
internal sealed class ShellConfiguration : InvocationConfiguration
{
    public ShellConfiguration(Shell shell)
    {
        Shell = shell;
        (Output, Error) = (shell.Output, shell.Errors);
        (EnableDefaultExceptionHandler, ProcessTerminationTimeout) = (false, null);
    }

    public Shell Shell { get; }
}
