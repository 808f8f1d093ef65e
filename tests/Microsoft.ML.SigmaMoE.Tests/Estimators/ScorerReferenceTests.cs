namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ScorerReferenceTests
{
    [Fact]
    public void Dispose_LastReference_DisposesTheScorer()
    {
        var scorer = new FakeScorer();
        var first = new ScorerReference(scorer, typeof(FakeTransformer));
        var second = first.Copy();
        first.Dispose();
        Assert.False(scorer.IsDisposed);
        second.Dispose();
        Assert.True(scorer.IsDisposed);
    }

    [Fact]
    public void Dispose_Twice_CountsOnce()
    {
        var scorer = new FakeScorer();
        var first = new ScorerReference(scorer, typeof(FakeTransformer));
        using var second = first.Copy();
        first.Dispose();
        first.Dispose();
        Assert.False(scorer.IsDisposed);
    }

    [Fact]
    public void Dispose_ScorerOfSomebodyElse_StaysAlive()
    {
        var scorer = new FakeScorer();
        new ScorerReference(scorer, typeof(FakeTransformer), leaveOpen: true).Dispose();
        Assert.False(scorer.IsDisposed);
    }

    [Fact]
    public void Use_AfterDispose_NamesTheOwner()
    {
        var reference = new ScorerReference(new FakeScorer(), typeof(FakeTransformer));
        reference.Dispose();
        var fault = Assert.Throws<ObjectDisposedException>(() => reference.Scorer);
        Assert.Equal(typeof(FakeTransformer).FullName, fault.ObjectName);
        Assert.Throws<ObjectDisposedException>(reference.Copy);
    }

    [Fact]
    public void Copies_FromManyThreads_DisposeTheScorerOnce()
    {
        var scorer = new FakeScorer();
        var first = new ScorerReference(scorer, typeof(FakeTransformer));
        Parallel.For(0, 10_000, _ =>
        {
            using var copy = first.Copy();
            Assert.False(scorer.IsDisposed);
        });
        first.Dispose();
        Assert.True(scorer.IsDisposed);
    }
}
