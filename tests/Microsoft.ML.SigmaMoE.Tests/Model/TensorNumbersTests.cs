using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

[Collection(Alone.Name)]
public sealed class TensorNumbersTests : IDisposable
{
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(10);

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Tensor _x = tensor(new float[] { 1, -2, 3 });
    private readonly Tensor _y = tensor(new float[] { 10, 20, 30 });

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void Operations_OfNumbers_AreThoseOfTorch()
    {
        Equal(_x.Plus(_y), 11, 18, 33);
        Equal(_x.Plus(0.5), 1.5f, -1.5f, 3.5f);
        Equal(_x.Times(2), 2, -4, 6);
        Equal(_x.Over(2), 0.5f, -1, 1.5f);
        Equal(_x.Within(-1, 2), 1, -1, 2);
        Equal(_x.Fill(_x.IsBelow(0), 7), 1, 7, 3);
        Equal(_x.Fill(_x.IsAbove(1), double.NegativeInfinity), 1, -2, float.NegativeInfinity);
        Equal(TensorNumbers.Full([3], -1), -1, -1, -1);
        Equal(TensorNumbers.Range(1, 7, 2, ScalarType.Float32, CPU), 1, 3, 5);
    }

    [Fact]
    public void OperationsInPlace_OfNumbers_ChangeTheTensor()
    {
        Equal(_x.AddInPlace(_y, 0.1), 2, 0, 6);
        Equal(_x.AddInPlace(1), 3, 1, 7);
        Equal(tensor(new float[] { -3, 0, 3 }).ClampInPlace(-2, 1), -2, 0, 1);
        Equal(_x.MultiplyInPlace(2), 6, 2, 14);
        Equal(_x.AddProductInPlace(_y, _y, 0.01), 7, 6, 23);
        Equal(_x.AddQuotientInPlace(_y, _y, -1), 6, 5, 22);
        _x.AddRowsInPlace(tensor(new long[] { 0, 0 }), tensor(new float[] { 1, 2 }));
        Equal(_x, 9, 5, 22);
    }

    // The operator of TorchSharp fails here some twenty times in a million.
    [Fact]
    public async Task Plus_BesideAThreadThatCollectsGarbage_IsAlwaysRight()
    {
        using var stop = new CancellationTokenSource();
        var collector = Task.Run(() => Collect(stop.Token), TestContext.Current.CancellationToken);
        var watch = Stopwatch.StartNew();   // after other tests the heap is large and a collection long: minutes for them all
        for (var i = 0; i < 100_000 && (i < 10_000 || watch.Elapsed < LongEnough); i++)
        {
            using var sum = _x.Plus(_y);
            Assert.Equal(11, sum.data<float>()[0]);
        }

        await stop.CancelAsync();
        await collector;
    }

    private static void Collect(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            GC.Collect(0);
        }
    }

    private static void Equal(Tensor actual, params float[] expected) =>
        Assert.Equal(expected, actual.data<float>().ToArray().Select(value => MathF.Round(value, 5)));
}
