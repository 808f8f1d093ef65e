namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class SharedTests
{
    private int _disposals;

    [Fact]
    public void Dispose_LastReference_DisposesTheValue()
    {
        var first = Share();
        var second = first.Copy();
        first.Dispose();
        Assert.Equal(0, _disposals);
        second.Dispose();
        Assert.Equal(1, _disposals);
    }

    [Fact]
    public void Dispose_Twice_CountsOnce()
    {
        var first = Share();
        using var second = first.Copy();
        first.Dispose();
        first.Dispose();
        Assert.Equal(0, _disposals);
        Assert.Equal("value", second.Value);
    }

    [Fact]
    public void Use_AfterDispose_NamesTheOwner()
    {
        var reference = Share();
        reference.Dispose();
        var fault = Assert.Throws<ObjectDisposedException>(() => reference.Value);
        Assert.Equal(typeof(SharedTests).FullName, fault.ObjectName);
        Assert.Throws<ObjectDisposedException>(reference.Copy);
    }

    [Fact]
    public void Copies_FromManyThreads_DisposeTheValueOnce()
    {
        var first = Share();
        Parallel.For(0, 10_000, _ =>
        {
            using var copy = first.Copy();
            Assert.Equal(0, Volatile.Read(ref _disposals));
        });
        first.Dispose();
        Assert.Equal(1, _disposals);
    }

    private Shared<string> Share() => new("value", _ => Interlocked.Increment(ref _disposals), typeof(SharedTests));
}
