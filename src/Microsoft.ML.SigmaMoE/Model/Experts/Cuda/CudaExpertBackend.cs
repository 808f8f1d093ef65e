using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Experts by the kernels of kernels/ on an NVIDIA GPU: bfloat16 with float32 accumulation from compute capability 8.0,
/// float16 from 7.5, float32 from 7.0, rounded to tf32 from 8.0 where that is allowed. Tokens are sorted on the device;
/// nothing waits for it. Results never change from run to run.
/// </summary>
/// <remarks>
/// An instance serves one call and its backward pass: it knows where the sorted order and the arranged tokens and
/// weights lie, which <see cref="ExpertForward.Kept"/> holds. What it allocates belongs to the dispose scope that is
/// open at the call, as the results do.
/// </remarks>
internal sealed class CudaExpertBackend(DeviceKernels kernels, ComputePrecision precision) : IExpertBackend
{
    private readonly TileNumbers _numbers = TileNumbers.For(precision, kernels.Device.Capability)
        ?? throw new NotSupportedException($"No kernel multiplies {precision.Type} on {kernels.Device.Name}.");

    private CudaExpertLayer? _layer;

    public string Name => $"CUDA kernels, {_numbers}";

    /// <summary>Gets a backend for inputs on a GPU that the kernels run on.</summary>
    /// <returns>The backend, or null where another one has to compute.</returns>
    /// <exception cref="CudaException">The driver refuses what it should do.</exception>
    public static CudaExpertBackend? TryCreate(ComputePrecision precision, in ExpertInputs inputs) =>
        TensorKernels.Of(inputs.Tokens) is { } kernels && Takes(kernels.Device, precision, inputs)
            ? new(kernels, precision)
            : null;

    /// <summary>Gets whether the kernels can compute this on that device.</summary>
    public static bool Takes(CudaDevice device, ComputePrecision precision, in ExpertInputs inputs) =>
        TileNumbers.For(precision, device.Capability) is { } numbers && Sizes(inputs, numbers).Fits;

    public ExpertForward Forward(in ExpertInputs inputs, ExpertBatch batch, Tensor? mask)
    {
        kernels.Device.MakeCurrent();
        var sizes = Sizes(inputs, _numbers);
        var memory = new TorchDeviceMemory(inputs.Tokens.device);
        if (mask is null && CudaDecoding.Pays(sizes) && is_inference_mode_enabled())
        {
            return Decode(inputs, batch, sizes, memory);
        }

        var stored = _numbers.ElementBytes == sizeof(float) ? ScalarType.Float32 : precision.Type;
        var step = new HiddenStep(inputs.Activation, memory.AddressOf(mask) ?? 0, is_inference_mode_enabled());
        var parts = step.NeedsSlopes ? 2 : 1;
        var hidden = empty(parts, sizes.Slots, sizes.HiddenStride, dtype: stored, device: inputs.Tokens.device);
        var output = DenseLike(inputs.Tokens);                               // [tokens, d_model]
        var addresses = Addresses(inputs, memory);
        _layer = new(
            kernels, sizes, addresses, Counted(batch, sizes, memory), memory, Kept(inputs, addresses, sizes), step);
        _layer.Forward(
            TorchDeviceMemory.AddressInPlace(hidden), TorchDeviceMemory.AddressInPlace(output),
            new TorchDeviceMemory(inputs.Tokens.device));
        return new(output, hidden) { Kept = memory.Tensors };
    }

    public ExpertGradients Backward(
        Tensor gradient, in ExpertInputs inputs, ExpertBatch batch, Tensor? mask, Tensor hidden)
    {
        var layer = _layer
            ?? throw new InvalidOperationException("There is no forward pass that kept what the backward pass needs.");
        kernels.Device.MakeCurrent();
        var result = new ExpertGradients(
            DenseLike(inputs.Tokens),
            DenseLike(inputs.Gates),
            DenseLike(inputs.Up),
            DenseLike(inputs.Down),
            inputs.UpBias is null ? null : DenseLike(inputs.UpBias));
        using var tensors = NewDisposeScope();
        var memory = new TorchDeviceMemory(inputs.Tokens.device);
        layer.Backward(
            memory.AddressOf(gradient)!.Value,
            memory.AddressOf(hidden)!.Value,
            new(
                TorchDeviceMemory.AddressInPlace(result.Tokens),
                TorchDeviceMemory.AddressInPlace(result.Gates),
                TorchDeviceMemory.AddressInPlace(result.Up),
                TorchDeviceMemory.AddressInPlace(result.Down),
                result.UpBias is null ? 0 : TorchDeviceMemory.AddressInPlace(result.UpBias)),
            memory);
        return result;
    }

    // float32 weights that kernels read as they are need no copy
    private ArrangedWeights? Kept(in ExpertInputs inputs, ExpertAddresses addresses, ExpertSizes sizes)
    {
        var device = inputs.Up.device;
        return !sizes.Numbers.TakesRowsOf(sizes.ModelSize)
            ? inputs.Frozen?.Keep(inputs.Up, () => ArrangedWeights.Keep(kernels, sizes, addresses, device))
            : null;
    }

    private ExpertForward Decode(in ExpertInputs inputs, ExpertBatch batch, ExpertSizes sizes, TorchDeviceMemory memory)
    {
        var hidden = empty(sizes.Slots, sizes.ExpertSize, dtype: ScalarType.Float32, device: inputs.Tokens.device);
        var output = DenseLike(inputs.Tokens);                               // [tokens, d_model]
        CudaDecoding.Launch(
            kernels, sizes, Addresses(inputs, memory), memory.AddressOf(batch.Experts)!.Value, inputs.Activation,
            TorchDeviceMemory.AddressInPlace(hidden), TorchDeviceMemory.AddressInPlace(output));
        return new(output, hidden);
    }

    private CountedAddresses Counted(ExpertBatch batch, ExpertSizes sizes, TorchDeviceMemory memory) =>
        batch.Counted is { } counted
        ? new(memory.AddressOf(counted.Chosen)!.Value, memory.AddressOf(counted.Counts)!.Value)
        : CountedAddresses.Count(kernels, sizes, memory.AddressOf(batch.Experts)!.Value, memory);

    // empty_like would keep the strides of a transposed tensor
    private static Tensor DenseLike(Tensor tensor) =>
        empty(tensor.shape, dtype: ScalarType.Float32, device: tensor.device);

    private static ExpertSizes Sizes(in ExpertInputs inputs, TileNumbers numbers)
    {
        var (tokens, gates, up) = (inputs.Tokens.shape, inputs.Gates.shape, inputs.Up.shape);
        return new((int)tokens[0], (int)up[2], (int)up[0], (int)up[1], (int)gates[1], numbers);
    }

    private static ExpertAddresses Addresses(in ExpertInputs inputs, TorchDeviceMemory memory) => new(
        memory.AddressOf(inputs.Tokens)!.Value,
        memory.AddressOf(inputs.Gates)!.Value,
        memory.AddressOf(inputs.Up)!.Value,
        memory.AddressOf(inputs.Down)!.Value,
        memory.AddressOf(inputs.UpBias) ?? 0);
}
