using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>The initial weights of every system beside statistics of the authors' own (init_stats.json).</summary>
public sealed class InitializationTests
{
    // of a normal distribution's deviation and mean, measured over n numbers: chance exceeds five of them once in a
    // million
    private const double StandardErrors = 5;

    public static TheoryData<string, FeedForwardOptions> Systems => new()
    {
        { "dense", new DenseOptions { HiddenSize = 1024 } },
        { "topk", new TopKOptions { HiddenSize = 1024, ActiveChannels = 64 } },
        { "sigma_moe", Mixture },
        { "sigma_moe", Mixture with { Router = new SoftmaxAfterTopKRouterOptions() } },
        { "sigma_moe", Mixture with { Router = new SinkhornRouterOptions() } },
        { "sigma_moe_bad_init", Mixture with { Initialization = ExpertInitializationOptions.Standard } },
        { "switch", Mixture with { Router = new SwitchRouterOptions(), ActiveExperts = 1 } },
        { "pkm", Memory },
        { "pkm_init", Memory with { Initialization = MemoryInitialization.ByValueCount } },
    };

    private static MixtureOfExpertsOptions Mixture => new() { ExpertCount = 16, ExpertSize = 64, ActiveExperts = 4 };

    private static ProductKeyMemoryOptions Memory => new() { SubKeyCount = 24, HeadCount = 4, NearestKeys = 16 };

    [Theory]
    [MemberData(nameof(Systems))]
    public void Network_WhenNew_HasTheAuthorsStatisticsInEveryWeight(string name, FeedForwardOptions block)
    {
        using var scope = NewDisposeScope();
        using var file = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Reference", "init_stats.json")));
        var (shape, system) = (CaseOptions.Model(CaseSettings.Of(file.RootElement.GetProperty("config"))), file.RootElement.GetProperty("blocks").GetProperty(name));
        using var network = TinyModel.Network(
            block, shape, file.RootElement.GetProperty("config").GetProperty("vocab").GetInt32(), seed: 29);
        Assert.Equal(system.GetProperty("n_params").GetInt64(), network.parameters().Sum(weight => weight.numel()));

        var statistics = system.GetProperty("weights")
            .EnumerateObject()
            .ToDictionary(weight => weight.Name, weight => weight.Value);
        foreach (var weights in network.named_parameters().Select(Stored).GroupBy(weight => weight.Name, weight => weight.Tensor))
        {
            Assert.True(statistics.Remove(weights.Key, out var wanted), $"{weights.Key} has no statistics.");
            Check(weights.Key, wanted, [.. weights]);
        }

        Assert.Empty(statistics.Keys);
    }

    private static (string Name, Tensor Tensor) Stored((string name, TorchSharp.Modules.Parameter parameter) weight)
    {
        var (name, tensor) = WeightNames.ToAuthors(weight.name, weight.parameter.detach());
        return (
            name.StartsWith("layers.", StringComparison.Ordinal)
                ? name[(name.IndexOf('.', "layers.".Length) + 1)..]
                : name,
            tensor);
    }

    private static void Check(string name, JsonElement wanted, Tensor[] layers)
    {
        Assert.Equal(wanted.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()), layers[0].shape);
        var (deviation, mean) = (Number(wanted, "formula_std"), Number(wanted, "mean"));
        if (deviation == 0)
        {
            Assert.All(layers, layer => TensorAssert.Close(full_like(layer, mean), layer, 1e-6, name));
            return;
        }

        // a deviation that is the same in all layers was set, not only drawn from
        var isSet = layers.Length > 1 && Number(wanted, "measured_std_max") - Number(wanted, "measured_std_min") < 1e-6;
        var all = stack(layers).to(ScalarType.Float64);
        var error = isSet ? 1e-5 : StandardErrors / Math.Sqrt(2.0 * all.numel());
        Assert.All(layers, layer => Assert.InRange(
            layer.std().item<float>() / deviation, 1 - error * Math.Sqrt(layers.Length),
            1 + error * Math.Sqrt(layers.Length)));
        Assert.InRange(all.std().item<double>() / deviation, 1 - error, 1 + error);
        Assert.InRange(
            all.mean().item<double>() / deviation, -StandardErrors / Math.Sqrt(all.numel()),
            StandardErrors / Math.Sqrt(all.numel()));
        CheckExtremes(name, wanted, all, deviation);
    }

    private static void CheckExtremes(string name, JsonElement wanted, Tensor all, double deviation)
    {
        var (ours, theirs) = (all.abs().max().item<double>() / deviation, Number(wanted, "max_abs") / deviation);

        // uniform numbers end at √3 deviations, cut normal ones below 2.3; of others the largest is itself a draw
        Assert.InRange(ours, theirs * (theirs < 2.4 ? 0.98 : 0.7), theirs * (theirs < 2.4 ? 1.02 : 1.4));
        if (wanted.TryGetProperty("row_norm_spread_within_a_layer", out var spread))
        {
            var norms = all.norm(-1);                                                           // [layers, experts]
            var range = (norms.amax([-1L]) - norms.amin([-1L])).max().item<double>();
            Assert.True(
                spread.GetDouble() < 1e-5 ? range < 1e-5 : range > 0.2 * spread.GetDouble(),
                $"{name}: rows differ by {range}.");
        }
    }

    private static double Number(JsonElement statistics, string name) => statistics.GetProperty(name).GetDouble();
}
