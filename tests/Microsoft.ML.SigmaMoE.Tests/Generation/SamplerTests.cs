namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class SamplerTests
{
    // Their softmax is 8 : 4 : 2 : 1 in fifteenths, in an order that is not that of the ids.
    private static readonly float[] Logits = [MathF.Log(2), MathF.Log(8), MathF.Log(1), MathF.Log(4)];

    public static TheoryData<string, GenerationOptions, int[], int[]> Cases => new()
    {
        { "no filter", new(), [1, 3, 0, 2], [8, 4, 2, 1] },
        { "temperature ½ squares", new() { Temperature = 0.5 }, [1, 3, 0, 2], [64, 16, 4, 1] },
        { "temperature 0 is greedy", new() { Temperature = 0 }, [1], [1] },
        { "top-k", new() { TopK = 2 }, [1, 3], [8, 4] },
        { "top-k above the vocabulary", new() { TopK = 9 }, [1, 3, 0, 2], [8, 4, 2, 1] },
        { "top-p inside the first", new() { TopP = 0.5 }, [1], [1] },
        { "top-p just over the first", new() { TopP = 8.001 / 15 }, [1, 3], [8, 4] },
        { "top-p inside the third", new() { TopP = 0.9 }, [1, 3, 0], [8, 4, 2] },
        { "min-p", new() { MinP = 0.24 }, [1, 3, 0], [8, 4, 2] },
        { "min-p 1 leaves the likeliest", new() { MinP = 1 }, [1], [1] },
        { "top-p counts what top-k left", new() { TopK = 2, TopP = 0.66 }, [1], [1] },
        { "min-p counts after temperature", new() { Temperature = 0.5, MinP = 0.24 }, [1, 3], [64, 16] },
        { "the narrower of top-p and min-p", new() { TopP = 0.9, MinP = 0.4 }, [1, 3], [8, 4] },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Distribution_GivenOptions_IsExactly(string name, GenerationOptions options, int[] tokens, int[] shares)
    {
        var (actual, probabilities) = Sampler.Distribution([.. Logits], options, new HashSet<int>());
        Assert.True(tokens.SequenceEqual(actual), name);
        Assert.All(
            shares.Zip(probabilities), pair => Assert.Equal((double)pair.First / shares.Sum(), pair.Second, 1e-6));
    }

    [Fact]
    public void Distribution_WithRepetitionPenalty_DividesPositiveAndMultipliesNegativeLogits()
    {
        var (tokens, probabilities) = Sampler.Distribution(
            [2f, -1f, 1f, 2f], new() { RepetitionPenalty = 2 }, new HashSet<int> { 0, 1 });
        double[] weights = [Math.Exp(2), Math.Exp(1), Math.Exp(1), Math.Exp(-2)];
        Assert.Equal([3, 0, 2, 1], tokens);
        Assert.All(weights.Zip(probabilities), pair => Assert.Equal(pair.First / weights.Sum(), pair.Second, 1e-6));
    }

    [Fact]
    public void Distribution_OfEqualLogits_CutsByRisingId()
    {
        var (tokens, _) = Sampler.Distribution([1f, 3f, 3f, 3f, -0f], new() { TopK = 2 }, new HashSet<int>());
        Assert.Equal([1, 2], tokens);
    }

    [Fact]
    public void Distribution_OfExcludedTokens_LeavesThemOut()
    {
        var (tokens, probabilities) = Sampler.Distribution([float.NegativeInfinity, 0f], new(), new HashSet<int>());
        Assert.Equal([1], tokens);
        Assert.Equal([1.0], probabilities);
    }

    [Fact]
    public void Distribution_OfHugeLogits_DoesNotOverflow()
    {
        var (_, probabilities) = Sampler.Distribution(
            [3e38f, -3e38f, 3e38f], new() { Temperature = 0.01 }, new HashSet<int>());
        Assert.Equal([0.5, 0.5], probabilities);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Distribution_OfNoNumbers_SaysThatTheModelIsDamaged(float logit)
    {
        var thrown = Assert.Throws<InvalidOperationException>(
            () => Sampler.Distribution([logit, float.NegativeInfinity], new(), new HashSet<int>()));
        Assert.Contains("damaged", thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.0, 1)]
    [InlineData(0.53, 1)]
    [InlineData(0.54, 3)]
    [InlineData(0.79, 3)]
    [InlineData(0.81, 0)]
    [InlineData(0.93, 0)]
    [InlineData(0.94, 2)]
    [InlineData(0.9999999999999999, 2)]
    public void Sample_OfADraw_TakesTheTokenWhoseShareItFallsIn(double draw, int token) =>
        Assert.Equal(token, Sampler.Sample([.. Logits], new(), new HashSet<int>(), new FixedDraw(draw)));

    [Fact]
    public void Sample_ManyTimes_DrawsInProportion()
    {
        var generator = new Random(5);
        var counts = new int[4];
        for (var draw = 0; draw < 15_000; draw++)
        {
            counts[Sampler.Sample([.. Logits], new(), new HashSet<int>(), generator)]++;
        }

        // five standard deviations of a binomial count are below 310
        Assert.All(
            new[] { 2000, 8000, 1000, 4000 }.Zip(counts),
            pair => Assert.InRange(pair.Second, pair.First - 310, pair.First + 310));
    }

    [Fact]
    public void Sample_WithTheSameSeed_DrawsTheSame()
    {
        int[] Draw(int seed)
        {
            var generator = new Random(seed);
            return [.. Enumerable.Range(0, 50).Select(_ => Sampler.Sample([.. Logits], new(), new HashSet<int>(), generator))];
        }

        Assert.Equal(Draw(1), Draw(1));
        Assert.NotEqual(Draw(1), Draw(2));
    }

    private sealed class FixedDraw(double value) : Random
    {
        public override double NextDouble() => value;
    }
}
