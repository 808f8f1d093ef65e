using Spectre.Console;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>
/// A bar that moves while work is done, on the terminal of <paramref name="output"/>; it goes with the work.
/// </summary>
internal sealed class LiveBar(TextWriter output)
{
    public T Run<T>(string title, Func<IProgress<WorkState>, T> work)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        var progress = console.Progress().AutoClear(true).Columns(
            new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left });
        return progress.Start(context => work(new Bar(context.AddTask(Markup.Escape(title), maxValue: 1), title)));
    }

    private sealed class Bar(ProgressTask task, string title) : IProgress<WorkState>
    {
        public void Report(WorkState value)
        {
            task.IsIndeterminate = value.Done is null;
            task.Value = value.Done ?? 0;
            task.Description = Markup.Escape($"{title} · {value.Text}");
        }
    }
}
