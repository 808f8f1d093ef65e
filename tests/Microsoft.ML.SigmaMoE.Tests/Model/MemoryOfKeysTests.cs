using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class MemoryOfKeysTests
{
    private const int Separator = 3;

    public static TheoryData<bool, int, int, Precision, bool> Shapes => new()
    {
        { false, 4, 4, Precision.Float32, false },
        { false, 4, 9, Precision.Float32, false },
        { false, 7, 3, Precision.Float32, false },
        { false, 1, 5, Precision.Float32, false },
        { false, 5, 6, Precision.Float32, true },
        { false, 5, 6, Precision.BFloat16, false },
        { true, 4, 4, Precision.Float32, false },
        { true, 7, 3, Precision.Float32, false },
        { true, 3, 9, Precision.Float32, true },
        { true, 5, 6, Precision.BFloat16, false },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Forward_OverRememberedKeys_GivesWhatInputsGive(
        bool isRotary, int segment, int capacity, Precision precision, bool hasDocuments)
    {
        using var scope = NewDisposeScope();
        using var quiet = inference_mode();
        using var network = Network(isRotary, precision, isShared: capacity > 8);
        var tokens = Tokens(rows: 3, time: 20);
        int? separator = hasDocuments ? Separator : null;
        var wanted = Read(network, tokens, segment, new SegmentMemory(capacity, separator));
        var got = Read(network, tokens, segment, new SegmentMemory(capacity, separator) { KeepsKeys = true });
        network.Freeze();
        var frozen = Read(network, tokens, segment, new SegmentMemory(capacity, separator) { KeepsKeys = true });
        var nothing = Read(network, tokens, segment, new SegmentMemory(0, separator));
        TensorAssert.Close(wanted, got, precision == Precision.Float32 ? 1e-5 : 2e-2, "hidden states");
        TensorAssert.Close(wanted, frozen, precision == Precision.Float32 ? 1e-5 : 2e-2, "hidden states of a model in use");
        Assert.True((wanted - nothing).abs().max().item<float>() > 0.05, "Memory makes no difference.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Forward_AfterRowsEnded_GoesOnWithThoseLeft(bool isRotary)
    {
        using var scope = NewDisposeScope();
        using var quiet = inference_mode();
        using var network = Network(isRotary, Precision.Float32);
        var tokens = Tokens(rows: 3, time: 12);
        using var memory = new SegmentMemory(5) { KeepsKeys = true };
        network.Forward(tokens.narrow(1, 0, 6), memory);
        memory.KeepRows(2);
        var got = network.Forward(tokens.narrow(0, 0, 2).narrow(1, 6, 6), memory).Hidden;
        var wanted = Read(network, tokens.narrow(0, 0, 2), 6, new SegmentMemory(5)).narrow(1, 6, 6);
        TensorAssert.Close(wanted, got, 1e-5, "hidden states");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Layers_OfKeys_AreKeysAndValuesNotInputs(bool isRotary)
    {
        using var scope = NewDisposeScope();
        using var quiet = inference_mode();
        using var network = Network(isRotary, Precision.Float32);
        using var memory = new SegmentMemory(5) { KeepsKeys = true };
        network.Forward(Tokens(rows: 2, time: 8), memory);
        Assert.Equal(network.Model.LayerCount, memory.Layers.Count);
        Assert.All(memory.Layers, layer =>
        {
            Assert.Equal([2L, 5], layer.shape[..2]);
            Assert.Equal(2 * 5 * 2 * network.Model.ModelSize, layer.numel());
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Split_OfKeys_GoesOnInParts(bool isRotary)
    {
        using var scope = NewDisposeScope();
        using var quiet = inference_mode();
        using var network = Network(isRotary, Precision.Float32);
        using var memory = new SegmentMemory(5) { KeepsKeys = true };
        var tokens = Tokens(rows: 2, time: 12);
        var wanted = Read(network, tokens, 6, new SegmentMemory(5)).narrow(1, 6, 6);
        network.Forward(tokens.narrow(1, 0, 6), memory);
        foreach (var (row, part) in memory.Split(2).Index())
        {
            using (part)
            {
                var got = network.Forward(tokens.narrow(0, row, 1).narrow(1, 6, 6), part).Hidden;
                TensorAssert.Close(wanted.narrow(0, row, 1), got, 1e-5, "hidden states");
            }
        }
    }

    [Fact]
    public void Forward_WhereGradientsAreRecorded_RemembersNone()
    {
        using var scope = NewDisposeScope();
        using var network = Network(isRotary: false, Precision.Float32);
        using var memory = new SegmentMemory(5) { KeepsKeys = true };
        network.Forward(Tokens(rows: 1, time: 8), memory);
        Assert.All(memory.Layers, layer => Assert.False(layer.requires_grad));
    }

    [Fact]
    public void Forward_WithoutCapacity_NeedsNoKeys()
    {
        using var scope = NewDisposeScope();
        using var network = Network(isRotary: false, Precision.Float32);
        using var memory = new SegmentMemory(0) { KeepsKeys = true };
        Assert.False(memory.KeepsKeys);
        Assert.Equal([1L, 4, network.Model.ModelSize], network.Forward(Tokens(rows: 1, time: 4), memory).Hidden.shape);
    }

    private static TransformerNetwork Network(bool isRotary, Precision precision, bool isShared = false)
    {
        var model = TinyModel.Model with { ModelSize = 16, DistinctLayerCount = isShared ? 1 : null };
        var rotary = new RotaryAttentionOptions { NormalizeQueriesAndKeys = true };
        var network = TinyModel.Network(model: isRotary ? model with { Attention = rotary } : model, precision: precision);
        network.eval();
        return network;
    }

    // [rows, time], with a few separators
    private static Tensor Tokens(int rows, int time) =>
        tensor(Enumerable.Range(0, rows * time).Select(place => place * place % 11L).ToArray(), [rows, time]);

    // Hidden states, [rows, time, d_model], float32.
    private static Tensor Read(TransformerNetwork network, Tensor tokens, int segment, SegmentMemory memory)
    {
        using (memory)
        {
            return cat([.. tokens.split(segment, 1).Select(part => network.Forward(part, memory).Hidden)], 1);
        }
    }
}
