using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What a router's kernel gives.</summary>
/// <param name="Experts">[tokens, K], int64, those of the largest score first.</param>
/// <param name="Weights">[tokens, K], float32.</param>
/// <param name="Counted">What the experts' kernels go on from.</param>
internal readonly record struct CudaRoute(Tensor Experts, Tensor Weights, CountedChoices Counted);

/// <summary>
/// Routers whose formula a kernel knows, on a GPU: activation, dropout, the K largest, their weights and how often each
/// expert was taken, in one launch; all gradients in another. Nothing waits for the device.
/// </summary>
/// <remarks>Results belong to the dispose scope that is open at the call.</remarks>
internal sealed class CudaRoutes(DeviceKernels kernels, RouteFormula formula, int active)
{
    private string Formula => formula switch
    {
        RouteFormula.Sigmoid => "sigmoid",
        RouteFormula.Softmax => "softmax",
        _ => "softmax_chosen",
    };

    /// <summary>Gets the kernels for logits on a GPU that they run on.</summary>
    /// <returns>The kernels, or null where libtorch's operations have to compute.</returns>
    /// <exception cref="CudaException">The driver refuses what it should do.</exception>
    public static CudaRoutes? TryCreate(RouteFormula formula, Tensor logits, int active) =>
        FusedKernels.AreAllowed && TensorKernels.Of(logits) is { } kernels && Takes(kernels.Device, logits, active)
            ? new(kernels, formula, active)
            : null;

    /// <summary>Gets whether the kernels can choose among these logits on that device.</summary>
    public static bool Takes(CudaDevice device, Tensor logits, int active) =>
        device.Capability >= 70
        && logits.dtype == ScalarType.Float32
        && CountedChoices.SharedBytes(active) <= device.SharedBytes
        && logits.size(0) * active <= int.MaxValue / 2
        && logits.size(1) * (logits.size(0) / CountedChoices.BlockTokens + 2) < int.MaxValue;

    /// <summary>Chooses and weighs.</summary>
    /// <param name="logits">[tokens, experts].</param>
    /// <param name="drawn">[tokens, experts], uniform in [0, 1): below δ an expert is dropped; null drops none.</param>
    /// <param name="dropout">δ.</param>
    /// <param name="scores">
    /// [tokens, experts]: what experts are chosen by, and not weighed; null where the formula's scores choose.
    /// </param>
    public CudaRoute Forward(Tensor logits, Tensor? drawn, double dropout, Tensor? scores = null)
    {
        var (tokens, experts) = ((int)logits.size(0), (int)logits.size(1));
        var (blocks, device) = (CountedChoices.BlocksOf(tokens), logits.device);
        var route = new CudaRoute(
            empty(tokens, active, dtype: ScalarType.Int64, device: device),
            empty(tokens, active, dtype: ScalarType.Float32, device: device),
            new(
                empty(tokens, active, dtype: ScalarType.Int32, device: device),
                empty(blocks, experts, dtype: ScalarType.Int32, device: device)));
        var memory = new TorchDeviceMemory(device);
        kernels.Device.MakeCurrent();
        kernels["routing", $"route_{Formula}"].Launch(
            blocks, CountedChoices.Threads, CountedChoices.SharedBytes(active),
            memory.AddressOf(logits)!.Value, memory.AddressOf(scores) ?? 0, memory.AddressOf(drawn) ?? 0,
            (float)dropout, tokens, experts, active,
            TorchDeviceMemory.AddressInPlace(route.Experts),
            TorchDeviceMemory.AddressInPlace(route.Counted.Chosen),
            TorchDeviceMemory.AddressInPlace(route.Weights),
            TorchDeviceMemory.AddressInPlace(route.Counted.Counts));
        GC.KeepAlive(memory);
        return route;
    }

    /// <summary>
    /// Computes the gradient by the logits, [tokens, experts], from that by the weights, [tokens, K].
    /// </summary>
    public Tensor Backward(Tensor gradient, Tensor logits, Tensor weights, Tensor chosen)
    {
        var (tokens, experts) = ((int)logits.size(0), (int)logits.size(1));
        var byLogits = empty(tokens, experts, dtype: ScalarType.Float32, device: logits.device);
        using var tensors = NewDisposeScope();
        var memory = new TorchDeviceMemory(logits.device);
        kernels.Device.MakeCurrent();
        kernels["routing", $"route_gradient_{Formula}"].Launch(
            (tokens + 7L) / 8, 256, 0,
            memory.AddressOf(logits)!.Value, TorchDeviceMemory.AddressInPlace(chosen), memory.AddressOf(weights)!.Value,
            memory.AddressOf(gradient)!.Value, TorchDeviceMemory.AddressInPlace(byLogits), tokens, experts, active);
        return byLogits;
    }
}
