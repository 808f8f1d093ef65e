using Spectre.Console;

namespace QuickStart;

/// <summary>A bar that moves while work is done.</summary>
internal sealed class LiveBar(IAnsiConsole console)
{
    public T Run<T>(string title, Func<IProgress<WorkState>, T> work)
    {
        var progress = console.Progress().Columns(
            new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left });
        return progress.Start(context =>
        {
            var bar = new Bar(context.AddTask(Markup.Escape(title), maxValue: 1), title);
            var result = work(bar);
            bar.Finish();
            return result;
        });
    }

    private sealed class Bar(ProgressTask task, string title) : IProgress<WorkState>
    {
        public void Report(WorkState value)
        {
            task.Value = value.Done;
            task.Description = Markup.Escape($"{title} · {value.Text}");
        }

        public void Finish() => task.Value = task.MaxValue;
    }
}
