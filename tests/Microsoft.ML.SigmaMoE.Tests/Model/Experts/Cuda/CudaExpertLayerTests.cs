namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>The order and the arguments of launches, on a driver that does nothing.</summary>
public sealed class CudaExpertLayerTests
{
    private static readonly ExpertSizes Sizes = new(4096, 412, 16, 100, 2, TileNumbers.BFloat16);
    private static readonly ExpertAddresses Inputs = new(1 << 8, 2 << 8, 3 << 8, 4 << 8, 5 << 8);
    private readonly FakeDriver _driver = new();

    [Fact]
    public void Forward_SortsRoundsThenLaunchesUpThenDownAndSumForEachChunk()
    {
        Layer(Sizes).Forward(100, 200, new Addresses());
        Assert.Equal(
            ["scan_counts","place_slots", "list_tiles", "to_bf16", "to_bf16", "to_bf16", "expert_up_bf16_128",
                "expert_down_bf16_128", "sum_choices_bf16"],
            _driver.Launches.Select(launch => launch.Kernel));
    }

    [Fact]
    public void Forward_OfFloat32_RoundsNothingAndReadsTheTensorsThemselves()
    {
        Layer(Sizes with { Numbers = TileNumbers.Float32 }).Forward(100, 200, new Addresses());
        var up = _driver.Launches.Single(launch => launch.Kernel == "expert_up_float_64");
        Assert.Equal([Inputs.Tokens, Inputs.Up, Inputs.UpBias, 100], up.Arguments[..4]);
        Assert.DoesNotContain(_driver.Launches, launch => launch.Kernel == "to_bf16");
    }

    [Theory]
    [InlineData(412, 0)]                                                    // rows of whole copies stay where they are
    [InlineData(413, 3)]
    public void Forward_OfTensorFloat32_PadsRowsThatAreNoWholeCopies(int modelSize, int expected)
    {
        Layer(Sizes with { ModelSize = modelSize, Numbers = TileNumbers.TensorFloat32 }).Forward(
            100, 200, new Addresses());
        Assert.Equal(expected, _driver.Launches.Count(launch => launch.Kernel == "pad_rows"));
        Assert.Equal("expert_up_tf32_128", _driver.Launches[3 + expected].Kernel);
        Assert.Equal("sum_choices_float", _driver.Launches[^1].Kernel);
    }

    [Fact]
    public void Forward_OfMoreTokensThanTheCacheHolds_GoesChunkByChunk()
    {
        var sizes = Sizes with { Tokens = 30_000 };
        Layer(sizes).Forward(100, 200, new Addresses());
        var (chunk, chunks) = (sizes.ChunkBlocks(40 << 20) * 128, 3);
        var down = _driver.Launches.Where(launch => launch.Kernel == "expert_down_bf16_128").ToArray();
        var sum = _driver.Launches.Where(launch => launch.Kernel == "sum_choices_bf16").ToArray();
        Assert.Equal(
            Enumerable.Range(0, chunks).Select(i => (long)i * chunk * 2), down.Select(launch => launch.Arguments[^1]));
        Assert.Equal(
            Enumerable.Range(0, chunks).Select(i => 200 + ((long)i * chunk * 412 * 4)),
            sum.Select(launch => launch.Arguments[1]));
        Assert.Equal(30_000, sum.Sum(launch => launch.Arguments[2]));
        Assert.Equal(chunks, down.Select(launch => launch.Arguments[5]).Distinct().Count());  // each its own list
        Assert.All(down, launch => Assert.Equal(Inputs.Gates, (nint)launch.Arguments[2]));
    }

    [Fact]
    public void Launches_HaveGridsAsLongAsTheListsCouldBe()
    {
        Layer(Sizes).Forward(100, 200, new Addresses());
        var capacity = (4096 * 2 / 128) + 16;
        Assert.Equal((uint)capacity, _driver.Launches.Single(launch => launch.Kernel == "expert_up_bf16_128").Blocks);
        Assert.Equal(
            (uint)(capacity * 4), _driver.Launches.First(launch => launch.Kernel == "expert_down_bf16_128").Blocks);
        Assert.Equal(32u, _driver.Launches.Single(launch => launch.Kernel == "place_slots").Blocks);
    }

    [Fact]
    public void Backward_LaunchesEveryGradientAndWeighsNoGateByTokens()
    {
        var layer = Layer(Sizes);
        layer.Forward(100, 200, new Addresses());
        _driver.Launches.Clear();
        layer.Backward(300, 100, new(11, 12, 13, 14, 15), new Addresses());
        Assert.Equal(
            ["to_bf16", "expert_hidden_gradient_bf16_128", "expert_down_bf16_128", "sum_choices_bf16",
                "expert_weight_gradient_bf16_128", "sum_parts", "sum_parts", "expert_bias_gradient_bf16"],
            _driver.Launches.Select(launch => launch.Kernel));
        Assert.Equal(0, _driver.Launches[2].Arguments[2]);
        Assert.Equal(11, _driver.Launches[3].Arguments[1]);
        Assert.Equal(
            [13L, 14L],
            _driver.Launches.Where(launch => launch.Kernel == "sum_parts").Select(launch => launch.Arguments[1]));
    }

    [Fact]
    public void Backward_WithoutBiasAndWithManyExperts_LaunchesFewer()
    {
        var sizes = Sizes with { Experts = 64 };
        var layer = Layer(sizes, Inputs with { UpBias = 0 });
        layer.Forward(100, 200, new Addresses());
        _driver.Launches.Clear();
        layer.Backward(300, 100, new(11, 12, 13, 14, 0), new Addresses());
        Assert.DoesNotContain(_driver.Launches, launch => launch.Kernel is "sum_parts" or "expert_bias_gradient_bf16");
        Assert.Equal([13L, 14L], _driver.Launches.Single(launch => launch.Kernel.StartsWith("expert_weight", StringComparison.Ordinal)).Arguments[4..6]);
    }

    [Fact]
    public void Parts_AreLoadedWhenTheyAreNeeded()
    {
        var layer = Layer(Sizes);
        layer.Forward(100, 200, new Addresses());
        Assert.Equal(3, _driver.Calls.Count(call => call.StartsWith("ModuleLoadData", StringComparison.Ordinal)));
        layer.Backward(300, 100, new(11, 12, 13, 14, 15), new Addresses());
        Assert.Equal(4, _driver.Calls.Count(call => call.StartsWith("ModuleLoadData", StringComparison.Ordinal)));
    }

    private CudaExpertLayer Layer(ExpertSizes sizes) => Layer(sizes, Inputs);

    private CudaExpertLayer Layer(ExpertSizes sizes, ExpertAddresses inputs) =>
        new(EmulatedKernels.On(_driver), sizes, inputs, new(6 << 8, 7 << 8), new Addresses());

    private sealed class Addresses : IDeviceMemory
    {
        private nint _next = 1 << 20;

        public nint Allocate(long bytes)
        {
            var address = _next;
            _next += (nint)((bytes + 255) / 256 * 256);
            return address;
        }
    }
}
