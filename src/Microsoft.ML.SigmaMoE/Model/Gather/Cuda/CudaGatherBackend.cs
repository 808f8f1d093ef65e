using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Sums by kernels/gather.cu on an NVIDIA GPU of compute capability 7.0 or more. Nothing waits for the device, and
/// results never change from run to run.
/// </summary>
/// <remarks>Results, and what is allocated beside them, belong to the dispose scope that is open at the call.</remarks>
internal sealed class CudaGatherBackend(DeviceKernels kernels) : IGatherBackend
{
    // as kernels/gather.cu has them: a block's threads and columns, and the slots of a block that multiplies, one a
    // warp
    private const int Threads = 128, Columns = 512, Slots = 8;

    public string Name => "CUDA kernels";

    /// <summary>Gets a backend for inputs on a GPU that the kernels run on.</summary>
    /// <returns>The backend, or null where another one has to compute.</returns>
    /// <exception cref="CudaException">The driver refuses what it should do.</exception>
    public static CudaGatherBackend? TryCreate(in GatherInputs inputs) =>
        TensorKernels.Of(inputs.Values) is { } kernels && Takes(kernels.Device, inputs) ? new(kernels) : null;

    /// <summary>Gets whether the kernels can compute this on that device.</summary>
    public static bool Takes(CudaDevice device, in GatherInputs inputs) =>
        device.Capability >= 70
        && Numbers(inputs) is not null
        && Math.Max(inputs.Chosen.size(0), inputs.Values.size(0)) * Across(inputs) <= int.MaxValue
        && inputs.Chosen.numel() <= int.MaxValue;

    public Tensor Sum(in GatherInputs inputs)
    {
        var (tokens, width) = (inputs.Chosen.size(0), Width(inputs));
        var result = Empty([tokens, width], inputs);                                           // [tokens, width]
        var memory = Memory(inputs);
        kernels["gather", $"gather_sum_{Numbers(inputs)}"].Launch(
            tokens * Across(inputs), Threads, 0,
            memory.AddressOf(inputs.Chosen)!.Value, memory.AddressOf(inputs.Weights)!.Value,
            memory.AddressOf(inputs.Values)!.Value,
            TorchDeviceMemory.AddressInPlace(result), Choices(inputs), width);
        GC.KeepAlive(memory);
        return result;
    }

    public Tensor ByWeights(Tensor gradient, in GatherInputs inputs)
    {
        var result = Empty(inputs.Chosen.shape, inputs);  // [tokens, J]
        using var tensors = NewDisposeScope();
        var memory = Memory(inputs);
        kernels["gather", $"gather_dots_{Numbers(inputs)}"].Launch(
            (inputs.Chosen.numel() + Slots - 1) / Slots, Slots * 32, 0,
            memory.AddressOf(inputs.Chosen)!.Value, memory.AddressOf(inputs.Values)!.Value,
            memory.AddressOf(gradient)!.Value,
            TorchDeviceMemory.AddressInPlace(result), inputs.Chosen.numel(), Choices(inputs), Width(inputs));
        return result;
    }

    public Tensor ByValues(Tensor gradient, in GatherInputs inputs)
    {
        var result = Empty(inputs.Values.shape, inputs);                                       // [values, width]
        using var tensors = NewDisposeScope();
        var memory = Memory(inputs);
        var (order, offsets) = Sorted(inputs);
        kernels["gather", "scatter_sum"].Launch(
            inputs.Values.size(0) * Across(inputs), Threads, 0,
            memory.AddressOf(order)!.Value, memory.AddressOf(offsets)!.Value, memory.AddressOf(inputs.Weights)!.Value,
            memory.AddressOf(gradient)!.Value, TorchDeviceMemory.AddressInPlace(result), Choices(inputs),
            Width(inputs));
        return result;
    }

    // slots by value, and where each value's begin; libtorch counts occurrences only by asking the device for the
    // largest
    private static (Tensor Order, Tensor Offsets) Sorted(in GatherInputs inputs)
    {
        var (sorted, order) = inputs.Chosen.flatten().sort(stable: true);                      // [tokens · J]
        var values = TensorNumbers.Range(0, inputs.Values.size(0) + 1, 1, ScalarType.Int64, inputs.Chosen.device);
        return (order, searchsorted(sorted, values)); // [tokens · J], [values + 1]
    }

    private TorchDeviceMemory Memory(in GatherInputs inputs)
    {
        kernels.Device.MakeCurrent();
        return new(inputs.Values.device);
    }

    private static Tensor Empty(long[] shape, in GatherInputs inputs) =>
        empty(shape, dtype: ScalarType.Float32, device: inputs.Values.device);

    // what kernels' names say of their values
    private static string? Numbers(in GatherInputs inputs) => inputs.Values.dtype switch
    {
        ScalarType.Float32 => "float",
        ScalarType.BFloat16 => "bf16",
        ScalarType.Float16 => "f16",
        _ => null,
    };

    private static int Choices(in GatherInputs inputs) => (int)inputs.Chosen.size(1);

    private static int Width(in GatherInputs inputs) => (int)inputs.Values.size(1);

    // blocks of columns
    private static long Across(in GatherInputs inputs) => (Width(inputs) + Columns - 1) / Columns;
}
