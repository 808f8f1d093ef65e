using Microsoft.ML.Runtime;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class HostCancellationTests
{
    private readonly MLContext _context = new();

    [Fact]
    public void Token_ContextCancelled_IsCancelledSoon()
    {
        using var cancellation = new HostCancellation(Host());
        Assert.False(cancellation.Token.IsCancellationRequested);
        _context.CancelExecution();
        Assert.True(cancellation.Token.WaitHandle.WaitOne(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void Dispose_WhileAsking_DoesNoHarm()
    {
        for (var i = 0; i < 20; i++)
        {
            var cancellation = new HostCancellation(Host());
            _context.CancelExecution();
            cancellation.Dispose();
        }
    }

    private IHost Host() => ((IHostEnvironment)_context).Register("test");
}
