using Spectre.Console;

namespace QuickStart;

/// <summary>A line every few seconds, for logs.</summary>
internal sealed class PlainProgress(IAnsiConsole console, string title, TimeProvider time) : IProgress<WorkState>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private long _lastLine = time.GetTimestamp();

    public void Report(WorkState value)
    {
        if (time.GetElapsedTime(_lastLine) < Interval)
        {
            return;
        }

        _lastLine = time.GetTimestamp();
        console.WriteLine($"  {title} {value.Done:P0} · {value.Text}");
    }
}
