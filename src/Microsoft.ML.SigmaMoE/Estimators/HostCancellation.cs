using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Makes a token of ML.NET's own cancellation, which can only be asked about: a timer asks.</summary>
internal sealed class HostCancellation : IDisposable
{
    // less than most batches take
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);
    private readonly CancellationTokenSource _source = new();
    private readonly Timer _timer;

    public HostCancellation(IHost host) => _timer = new(_ => Ask((ICancelable)host), null, Interval, Interval);

    /// <summary>Gets a token that is cancelled within a moment of the context.</summary>
    public CancellationToken Token => _source.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        // a call that already runs must not find the source disposed
        using var ended = new ManualResetEvent(false);
        if (_timer.Dispose(ended))
        {
            ended.WaitOne();
        }

        _source.Dispose();
    }

    private void Ask(ICancelable host)
    {
        if (host.IsCanceled)
        {
            _source.Cancel();
        }
    }
}
