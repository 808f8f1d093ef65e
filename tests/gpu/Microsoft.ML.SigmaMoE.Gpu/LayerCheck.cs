using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>
/// The whole layer with every router, forward and backward, on a device beside the processor, whose layer continuous
/// integration compares with the authors' code: the output and the gradients by the input and every parameter.
/// </summary>
internal sealed class LayerCheck(Device device, TextWriter output)
{
    private const int ModelSize = 36, Batch = 3, Time = 100;

    private static readonly RouterOptions[] Routers =
    [
        new SigmoidRouterOptions { BalancingWeight = 0.01 }, new SoftmaxBeforeTopKRouterOptions(),
        new SwitchRouterOptions(),
        new SoftmaxAfterTopKRouterOptions { Balancing = new EntropyBalancingOptions() }, new SinkhornRouterOptions(),
        new LossFreeRouterOptions(),
    ];

    /// <summary>Runs all routers in all precisions, and the paper's router with all other activations.</summary>
    /// <returns>How many failed.</returns>
    public int Run() => Routers.Sum(router =>
        Check(router, Precision.Float32, 1e-5) + Check(router, Precision.TensorFloat32, 2e-3)
            + Check(router, Precision.Float16, 2e-3)
        + Check(router, Precision.BFloat16, 1e-2))
        + Enum.GetValues<Activation>().Except([Activation.Relu]).Sum(activation =>
            Check(Routers[0], Precision.Float32, 1e-5, activation)
                + Check(Routers[0], Precision.BFloat16, 1e-2, activation)
            + Check(Routers[0], Precision.Float16, 2e-3, activation));

    /// <summary>Computes everything that a layer gives, on a device.</summary>
    public static IReadOnlyList<(string Name, float[] Values)> Results(
        Device device, RouterOptions router, Precision precision, Activation activation = Activation.Relu)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        var options = new MixtureOfExpertsOptions
        {
            ExpertCount = 9,
            ExpertSize = 20,
            ActiveExperts = 3,
            Bias = true,
            Router = router,
            Activation = activation,
        };
        using var here = new MixtureOfExpertsLayer(ModelSize, options, precision: precision, seed: 5);
        using var layer = new MixtureOfExpertsLayer(ModelSize, options, precision: precision, device: device, seed: 5);
        Copy(here, layer);
        var x = randn([Batch, Time, ModelSize], generator: generator).to(device).detach().requires_grad_();
        var y = layer.call(x);
        ((y * randn(y.shape, generator: generator).to(device)).sum() + layer.TakeBalancingLoss()).backward();
        return
        [
            ("output", Values(y.detach())), ("gradient by the input", Values(x.grad!)),
            .. layer.named_parameters().Where(pair => pair.parameter.requires_grad)
                .Select(pair => ($"gradient by {pair.name}", Values(pair.parameter.grad!))),
        ];
    }

    /// <summary>Compares results.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? Fault(
        IReadOnlyList<(string Name, float[] Values)> wanted, IReadOnlyList<(string Name, float[] Values)> got,
        double tolerance) => wanted
        .Zip(got, (one, other) => Closeness.Fault(one.Name, Array.ConvertAll(one.Values, value => (double)value), other.Values, tolerance))
        .FirstOrDefault(fault => fault is not null);

    private int Check(
        RouterOptions router, Precision precision, double tolerance, Activation activation = Activation.Relu)
    {
        var fault = Fault(
            Results(CPU, router, precision, activation), Results(device, router, precision, activation), tolerance);
        var name = $"layer with {router.GetType().Name[..^"Options".Length]}, {activation}, in {precision}";
        output.WriteLine(fault is null ? $"passed {name}" : $"FAILED {name}: {fault}");
        return fault is null ? 0 : 1;
    }

    // each device draws other initial weights
    private static void Copy(MixtureOfExpertsLayer from, MixtureOfExpertsLayer to)
    {
        using var quiet = no_grad();
        foreach (var (name, parameter) in from.named_parameters())
        {
            to.get_parameter(name)!.copy_(parameter);
        }
    }

    private static float[] Values(Tensor tensor) => tensor.cpu().contiguous().data<float>().ToArray();
}
