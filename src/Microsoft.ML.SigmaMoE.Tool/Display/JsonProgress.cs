namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>An object every few seconds, for machines.</summary>
internal sealed class JsonProgress(TextWriter output, string title, TimeSpan interval, TimeProvider time)
    : IProgress<WorkState>
{
    private long _lastLine = time.GetTimestamp();

    public void Report(WorkState value)
    {
        if (time.GetElapsedTime(_lastLine) >= interval)
        {
            _lastLine = time.GetTimestamp();
            output.WriteLine(JsonLine.Of(new { Event = "progress", Work = title, value.Done, value.Text }));
        }
    }
}
