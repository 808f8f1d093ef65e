using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>From the words of the command line to an exit code.</summary>
internal static class ToolRunner
{
    public static int Run(IReadOnlyList<string> words, Shell shell)
    {
        var line = ToolVerbs.Create().Parse(words);
        shell = shell with { IsJson = line.GetValue(ToolVerbs.Json), Words = words };
        if (line.Errors.Count > 0 && line.Action is not ExampleHelp)
        {
            shell.Errors.WriteLine(Mistake(line));
            return ExitCode.UserMistake;
        }

        return Invoke(line, shell);
    }

    private static int Invoke(ParseResult line, Shell shell)
    {
        try
        {
            return line.Invoke(new ShellConfiguration(shell));
        }
        catch (OperationCanceledException) when (shell.Interrupted.IsCancellationRequested)
        {
            shell.Errors.WriteLine("Stopped.");
            return ExitCode.Interrupted;
        }
        catch (InterruptedException stop)
        {
            shell.Errors.WriteLine(stop.Message);
            return ExitCode.Interrupted;
        }
        catch (Exception fault) when (Faults.UserMessage(fault) is { } message)
        {
            shell.Errors.WriteLine(message);
            return ExitCode.UserMistake;
        }
        catch (Exception fault)
        {
            shell.Errors.WriteLine(
                $"sigmamoe failed, and the fault is not yours. Please report this:{Environment.NewLine}{fault}");
            return ExitCode.OurFault;
        }
    }

    private static string Mistake(ParseResult line)
    {
        var verb = line.CommandResult.Command is Verb command ? $"{FullName(line.CommandResult)} " : "";
        return $"{Faults.OneLine(line.Errors[0].Message)} sigmamoe {verb}--help lists what there is.";
    }

    private static string FullName(System.CommandLine.Parsing.CommandResult result) =>
        result.Parent is System.CommandLine.Parsing.CommandResult { Parent: not null } parent
            ? $"{FullName(parent)} {result.Command.Name}"
            : result.Command.Name;
}
