using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class CandidatePairsTests
{
    private static readonly Device Elsewhere = new(DeviceType.META);
    private static readonly ProductKeyMemoryOptions Options = new() { SubKeyCount = 7, HeadCount = 3, NearestKeys = 4 };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(32)]
    public void Pairs_OfAnyCount_AreThoseThatFewerThanCountOthersMustPass(int count)
    {
        var wanted = from i in Enumerable.Range(0, count)
                     from j in Enumerable.Range(0, count)
                     where (i + 1) * (j + 1) <= count
                     select (i, j);
        Assert.Equal(wanted, PairRanks.Pairs(count));
    }

    [Fact]
    public void On_AskedForAnotherDevice_MakesThemThereOnce()
    {
        using var pairs = new CandidatePairs(4);
        var (here, elsewhere) = (pairs.On(CPU), pairs.On(Elsewhere));
        Assert.All([here.First, here.Second], ranks => Assert.Equal(DeviceType.CPU, ranks.device_type));
        Assert.All([elsewhere.First, elsewhere.Second], ranks => Assert.Equal(DeviceType.META, ranks.device_type));
        Assert.Same(here, pairs.On(CPU));
        Assert.Same(elsewhere, pairs.On(new Device(DeviceType.META)));
    }

    [Fact]
    public void On_ByManyThreadsAtOnce_MakesThemOnce()
    {
        using var pairs = new CandidatePairs(4);
        var made = new PairRanks[8];
        Parallel.For(0, made.Length, thread => made[thread] = pairs.On(CPU));
        Assert.Single(made.Distinct());
    }

    [Fact]
    public void Dispose_FreesWhatWasMade()
    {
        using var pairs = new CandidatePairs(4);
        PairRanks[] made = [pairs.On(CPU), pairs.On(Elsewhere)];
        Assert.All(made, ranks => Assert.False(ranks.First.IsInvalid || ranks.Second.IsInvalid));
        pairs.Dispose();
        Assert.All(made, ranks => Assert.True(ranks.First.IsInvalid && ranks.Second.IsInvalid));
    }

    [Fact]
    public void Memory_UsedForInferenceFirst_CanBeTrained()
    {
        using var scope = NewDisposeScope();
        using var randomness = new Randomness(5);
        using var block = Memory(randomness);
        var x = randomness.Normal([2, 6, 22]);
        using (inference_mode())
        {
            block.forward(x);
        }

        block.forward(x).Hidden.sum().backward();
        Assert.True(block.get_parameter("first_keys")!.grad!.ne(0).any().item<bool>());
    }

    [Fact]
    public void Memory_Disposed_LeavesNoTensors()
    {
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (NewDisposeScope())
        {
            using var randomness = new Randomness(5);
            using var block = Memory(randomness);
            block.forward(randomness.Normal([2, 6, 22]));
        }

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static ProductKeyMemory Memory(Randomness randomness) =>
        new(Options, new(new() { ModelSize = 22 }, ScalarType.Float32, randomness));
}
