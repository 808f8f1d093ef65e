using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>A verb of the command line: its options, an example, and what it does.</summary>
internal abstract class Verb : System.CommandLine.Command
{
    /// <param name="name">The verb.</param>
    /// <param name="description">What it does, as one sentence.</param>
    /// <param name="example">A whole command that a user can adapt.</param>
    protected Verb(string name, string description, string example)
        : base(name, description)
    {
        Example = example;
        SetAction(line => Run(line, ((ShellConfiguration)line.InvocationConfiguration).Shell));
    }

    public string Example { get; }

    /// <summary>Does what the verb says. Mistakes and interruptions are thrown.</summary>
    protected abstract void Run(ParseResult line, Shell shell);
}
