namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>What a verb sees of the world: where it writes, and whether it was interrupted.</summary>
/// <param name="Output">For results.</param>
/// <param name="Errors">For mistakes and progress.</param>
/// <param name="Interrupted">Ctrl+C.</param>
internal sealed record Shell(TextWriter Output, TextWriter Errors, CancellationToken Interrupted)
{
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);

    /// <summary>Gets whether machines read the output.</summary>
    public bool IsJson { get; init; }

    /// <summary>Gets whether a person watches the errors' stream.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>Gets the words of the command line.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    public static Shell OfProcess(CancellationToken interrupted) =>
        new(Console.Out, Console.Error, interrupted) { IsTerminal = !Console.IsErrorRedirected };

    /// <summary>Writes a result: as JSON, or as <paramref name="show"/> shows it to people.</summary>
    public void Show(object result, Action<Screen> show)
    {
        if (IsJson)
        {
            Output.WriteLine(JsonLine.Of(result));
        }
        else
        {
            show(new Screen(Output));
        }
    }

    /// <summary>
    /// Writes several results: as JSON, one a line, or as <paramref name="show"/> shows them to people.
    /// </summary>
    public void ShowAll(IEnumerable<object> results, Action<Screen> show)
    {
        if (IsJson)
        {
            foreach (var result in results)
            {
                Output.WriteLine(JsonLine.Of(result));
            }
        }
        else
        {
            show(new Screen(Output));
        }
    }

    /// <summary>Does work that takes time, and shows how far it is.</summary>
    public T Watch<T>(string title, Func<IProgress<WorkState>, T> work) => this switch
    {
        { IsJson: true } => work(new JsonProgress(Output, title, LineInterval, TimeProvider.System)),
        { IsTerminal: true } => new LiveBar(Errors).Run(title, work),
        _ => work(new PlainProgress(Errors, title, LineInterval, TimeProvider.System)),
    };

    /// <inheritdoc cref="Watch{T}"/>
    public void Watch(string title, Action<IProgress<WorkState>> work) => Watch(title, progress =>
    {
        work(progress);
        return true;
    });
}
