using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class FrozenWeightsTests
{
    // more rows than are multiplied as few
    private const int Segment = 6;

    public static IEnumerable<TheoryDataRow<int, bool, Precision>> Networks =>
        from block in Enumerable.Range(0, TinyModel.Blocks.Count)
        from isRotary in new[] { false, true }
        from precision in new[] { Precision.Float32, Precision.BFloat16 }
        select new TheoryDataRow<int, bool, Precision>(block, isRotary, precision);

    [Theory]
    [MemberData(nameof(Networks))]
    public void Forward_OfAFrozenNetwork_IsTheSameUpToRounding(int block, bool isRotary, Precision precision)
    {
        using var scope = NewDisposeScope();
        using var quiet = inference_mode();
        using var network = Network(block, isRotary, precision);
        var wanted = Run(network, rows: 3);
        network.Freeze();
        var got = Run(network, rows: 3);
        TensorAssert.Close(wanted, got, precision == Precision.Float32 ? 1e-5 : 3e-2, "the first time");
        TensorAssert.Same(got, Run(network, rows: 3), "from what is kept");
    }

    // Few rows multiply float32 weights where nothing is kept, and rounded ones where they are.
    [Theory]
    [MemberData(nameof(Networks))]
    public void Continue_OfAFrozenNetwork_IsTheSameUpToRounding(int block, bool isRotary, Precision precision)
    {
        using var scope = NewDisposeScope();
        using var quiet = inference_mode();
        using var network = Network(block, isRotary, precision);
        var wanted = Read(network);
        network.Freeze();
        var got = Read(network);
        var tolerance = precision == Precision.Float32 ? 0 : 3e-2 * wanted.abs().max().item<float>();
        var apart = (wanted - got).abs().amax([1L]).data<float>().Count(distance => !(distance <= tolerance));
        // a memory takes few of many scores of eight bits: of two that are almost alike another one may be taken, for a
        // token
        var mayTip = precision == Precision.BFloat16 && TinyModel.Blocks[block] is ProductKeyMemoryOptions;
        Assert.InRange(apart, 0, mayTip ? 1 : 0);
    }

    [Fact]
    public void Rounded_OfWeightsThatMayChange_IsMadeEachTime()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using var frozen = new FrozenWeights();
        var weight = ones(2, 2);
        var first = frozen.Rounded(weight, bfloat16);
        weight.AddInPlace(1);
        TensorAssert.Same(weight, frozen.Rounded(weight, bfloat16));
        TensorAssert.Same(ones(2, 2), first);
        Assert.Null(frozen.Keep(weight, () => new MemoryStream()));
    }

    [Fact]
    public void Rounded_OfFrozenWeights_IsKeptBeyondTheScopeAndGoesWithItsOwner()
    {
        using var quiet = no_grad();
        using var weight = ones(2, 2);
        Tensor kept;
        using (var frozen = new FrozenWeights())
        {
            frozen.Freeze();
            using (NewDisposeScope())
            {
                kept = frozen.Rounded(weight, bfloat16);
            }

            Assert.False(kept.IsInvalid);
            Assert.Same(kept, frozen.Rounded(weight, bfloat16));
            Assert.Same(weight, frozen.Rounded(weight, float32));
        }

        Assert.True(kept.IsInvalid);
    }

    [Fact]
    public void Keep_WhereMemoryIsShort_GivesNothingAndIsNotTriedAgain()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using var frozen = new FrozenWeights();
        frozen.Freeze();
        var (weight, tries) = (ones(2, 2), 0);
        Scratch<byte> Fail()
        {
            tries++;
            return new(1L << 60);
        }

        Assert.Null(frozen.Keep(weight, Fail));
        Assert.Null(frozen.Keep(weight, Fail));
        Assert.Equal(1, tries);
        Assert.Equal(bfloat16, frozen.Rounded(weight, bfloat16).dtype);
    }

    [Fact]
    public async Task Settle_OfWeights_KeepsThem()
    {
        using var frozen = new FrozenWeights();
        using var large = arange(1 << 20);
        using var turned = ones(2, 3).t();
        using var before = large.clone();
        await frozen.Settle([large, turned]);
        TensorAssert.Same(before, large);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public void CountReading_Often_MovesWhatIsKeptOnceIfItDoesNotChange(bool isFrozen, int times)
    {
        using var frozen = new FrozenWeights();
        if (isFrozen)
        {
            frozen.Freeze();
        }

        var asked = 0;
        for (var reading = 1; reading <= 3 * FrozenWeights.ManyReadings; reading++)
        {
            frozen.CountReading(() => [.. Enumerable.Range(0, ++asked).Select(_ => ones(2))]);
            Assert.Equal(reading < FrozenWeights.ManyReadings ? 0 : times, asked);
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(FrozenWeights.ManyReadings, 1)]
    public void Continue_ForALongText_MovesWhatIsKept(int tokens, int times)
    {
        using var quiet = no_grad();
        using var network = Network(TinyModel.Blocks.Count - 1, isRotary: false, Precision.Float32);
        network.Freeze();
        var form = new CountingForm();
        network.Frozen.Keep(network.parameters().First(), () => form);
        using var reader = new DocumentReader(network);
        for (var token = 0; token < tokens; token++)
        {
            reader.Read([token % network.VocabularySize], TestContext.Current.CancellationToken);
        }

        Assert.Equal(times, form.Asked);
    }

    [Fact]
    public void Rounded_WithGradients_LetsThemFlow()
    {
        using var scope = NewDisposeScope();
        using var frozen = new FrozenWeights();
        frozen.Freeze();
        var weight = ones(2, 2).requires_grad_();
        frozen.Rounded(weight, bfloat16).sum().backward();
        TensorAssert.Same(ones(2, 2), weight.grad!);
    }

    [Fact]
    public void Forward_ByManyThreadsAtOnce_KeepsOneFormOfEach()
    {
        using var scope = NewDisposeScope();
        using var network = Network(TinyModel.Blocks.Count - 1, isRotary: false, Precision.BFloat16);
        network.Freeze();
        using var alone = Network(TinyModel.Blocks.Count - 1, isRotary: false, Precision.BFloat16);
        alone.Freeze();
        Tensor Quietly(TransformerNetwork one)
        {
            using var quiet = inference_mode();
            return Run(one, rows: 3);
        }

        var wanted = Quietly(alone);
        var results = new float[8][];
        Parallel.For(0, results.Length, thread =>
        {
            using var inner = NewDisposeScope();
            results[thread] = [.. Quietly(network).data<float>()];
        });
        Assert.All(results, result => Assert.Equal([.. wanted.data<float>()], result));
    }

    [Fact]
    public void Trainer_OfAFrozenNetwork_IsRefused()
    {
        using var network = TinyModel.Network();
        network.Freeze();
        using var run = new TrainingRun();
        var refusal = Assert.Throws<InvalidOperationException>(
            () => new Trainer(network, new TrainingOptions(), run.Text));
        Assert.Contains("frozen", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => WeightSnapshot.Load(network, new Dictionary<string, Tensor>()));
    }

    private sealed class CountingForm : IKeptForm
    {
        public int Asked { get; private set; }

        public IEnumerable<(nint Start, long Bytes)> Memory
        {
            get
            {
                Asked++;
                return [];
            }
        }

        public void Dispose()
        {
        }
    }

    private static TransformerNetwork Network(int block, bool isRotary, Precision precision)
    {
        var model = isRotary ? TinyModel.Model with { Attention = new RotaryAttentionOptions() } : TinyModel.Model;
        var network = TinyModel.Network(
            TinyModel.Blocks[block], model with { ModelSize = 16, SegmentLength = Segment }, precision: precision);
        network.eval();
        return network;
    }

    // The logits of two segments, [rows, time, V], float32.
    private static Tensor Run(TransformerNetwork network, int rows)
    {
        using var memory = new SegmentMemory(network.Model.EffectiveEvaluationMemoryLength);
        var tokens = Tokens(rows * 2 * Segment).view(rows, 2 * Segment);
        network.Forward(tokens.narrow(1, 0, Segment), memory);
        return network.Logits(network.Forward(tokens.narrow(1, Segment, Segment), memory).Hidden)
            .to(ScalarType.Float32)
            .contiguous();
    }

    // The logits after each of six tokens, [6, V].
    private static Tensor Read(TransformerNetwork network)
    {
        using var reader = new DocumentReader(network);
        return stack(
            [.. Enumerable.Range(0, 6).Select(token => tensor(reader.Read([(token * 7) % network.VocabularySize])))]);
    }

    private static Tensor Tokens(long count) =>
        tensor(Enumerable.Range(0, (int)count).Select(place => place * 7L % 11).ToArray());
}
