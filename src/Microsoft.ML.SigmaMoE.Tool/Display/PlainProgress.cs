namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>A line every few seconds, for logs.</summary>
internal sealed class PlainProgress(TextWriter output, string title, TimeSpan interval, TimeProvider time)
    : IProgress<WorkState>
{
    private long _lastLine = time.GetTimestamp();

    public void Report(WorkState value)
    {
        if (time.GetElapsedTime(_lastLine) >= interval)
        {
            _lastLine = time.GetTimestamp();
            output.WriteLine($"{title} · {value}");
        }
    }
}
