using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class RandomnessTests
{
    [Fact]
    public void Split_StreamsOfOneSeed_AreTheirOwnAndTheSameEveryTime()
    {
        using var scope = NewDisposeScope();
        using var one = new Randomness(5);
        using var two = new Randomness(5);
        one.Split(3);
        two.Split(3);
        var drawn = Draw(one, 3);
        Assert.Equal(3, drawn.DistinctBy(values => values[0]).Count());
        Assert.Equal(drawn, Draw(two, 3));
    }

    [Fact]
    public void Split_Later_LeavesTheFirstStreamAsItWas()
    {
        using var scope = NewDisposeScope();
        using var split = new Randomness(5);
        using var whole = new Randomness(5);
        split.Split(4);
        Assert.Equal(Draw(whole, 1)[0], Draw(split, 1)[0]);
    }

    [Fact]
    public void SetStates_OfAnotherSource_GoesOnWhereThatStood()
    {
        using var scope = NewDisposeScope();
        using var one = new Randomness(5);
        using var other = new Randomness(6);
        one.Split(2);
        other.Split(2);
        Draw(one, 2);
        other.SetStates(one.GetStates());
        Assert.Equal(Draw(one, 2), Draw(other, 2));
    }

    [Fact]
    public void DrawsWeights_WhereItIsFalse_LeavesEveryNumberForLater()
    {
        using var scope = NewDisposeScope();
        using var fresh = new Randomness(5);
        foreach (var block in TinyModel.Blocks)
        {
            using var randomness = new Randomness(5) { DrawsWeights = false };
            using var network = new TransformerNetwork(TinyModel.Model, block, 11, float32, randomness);
            Assert.True(randomness.GetStates()[0].equal(fresh.GetStates()[0]).all().item<bool>());
        }
    }

    private static float[][] Draw(Randomness randomness, int streams) =>
        [.. Enumerable.Range(0, streams).Select(stream =>
    {
        Randomness.Stream = stream;
        try
        {
            return randomness.Uniform([4]).data<float>().ToArray();
        }
        finally
        {
            Randomness.Stream = 0;
        }
    })];
}
