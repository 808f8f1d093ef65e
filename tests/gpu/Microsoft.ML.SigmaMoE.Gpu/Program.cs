using Microsoft.ML.SigmaMoE;
using Microsoft.ML.SigmaMoE.Gpu;

const string Usage = """
    Microsoft.ML.SigmaMoE.Gpu VERB [options]
      kernels    [--device N] [--emulate LIBRARY]   the kernels through the driver alone against sums in float64
      benchmark  [--libtorch FOLDER [--grouped]]    times of the layer with CUDA events, each beside a check of its numbers
      symbols    --libtorch FOLDER                  what TorchSharp needs that this libtorch lacks
      gradients  --libtorch FOLDER                  the library on the device: experts, and layers with every router
      training   --libtorch FOLDER [--text FILE]    losses of training on the device beside the processor's
    --emulate    the kernels that tests/Microsoft.ML.SigmaMoE.Kernels/build-library compiled, on the processor
    """;

try
{
    return args switch
    {
        ["kernels", ..] => WithKernels(
            kernels => new KernelCheck(kernels, Console.Out).Run() + new BlockCheck(kernels, Console.Out).Run()),
        ["benchmark", ..] => WithKernels(
            kernels => new KernelBenchmark(kernels, Baselines(kernels), Console.Out).Run(args.Contains("--quick"))),
        ["symbols", ..] when ValueOf("--libtorch") is { } folder => Code(SymbolCheck.Run(folder, Console.Out)),
        ["gradients", ..] when ValueOf("--libtorch") is { } folder => OnTorch(folder, check => check.Gradients()),
        ["training", ..] when ValueOf("--libtorch") is { } folder =>
            OnTorch(folder, check => check.Training(ValueOf("--text"))),
        _ => Fail(Usage, 2),
    };
}
catch (Exception fault) when (fault is CudaException or DllNotFoundException)
{
    return Fail(fault.Message, 4);
}

int WithKernels(Func<DeviceKernels, int> run)
{
    var emulated = ValueOf("--emulate");
    if (emulated is null && !CudaDriver.IsInstalled)
    {
        return Fail(
            "There is no CUDA driver here: libcuda.so.1 cannot be loaded. Run this on a machine with an NVIDIA GPU.",
            3);
    }

    var driver = emulated is null ? (ICudaDriver)new CudaDriver() : new EmulatedDriver(emulated);
    using var device = CudaDevice.Open(driver, int.Parse(ValueOf("--device") ?? "0", null));
    Console.WriteLine($"{device.Name}, compute capability {device.Capability / 10}.{device.Capability % 10}, "
        + $"{device.Multiprocessors} multiprocessors, {device.SharedBytes / 1024} KiB of shared memory a block");
    device.MakeCurrent();
    return Code(run(new(device, new(null, new([])))));
}

TorchBaselines? Baselines(DeviceKernels kernels)
{
    if (ValueOf("--libtorch") is not { } folder)
    {
        return null;
    }

    LibtorchFolder.Use(folder);
    var grouped = args.Contains("--grouped");
    return TorchSharp.torch.cuda.is_available()
        ? new(kernels.Device, TorchSharp.torch.CUDA, grouped)
        : new(null, TorchSharp.torch.CPU, grouped);
}

int OnTorch(string folder, Func<TorchCheck, int> run)
{
    LibtorchFolder.Use(folder);
    var hasCuda = TorchSharp.torch.cuda.is_available();
    Console.WriteLine(hasCuda ? "libtorch finds a GPU" : "libtorch finds no GPU: the same on the processor, which proves only the program");
    return Code(run(new(hasCuda ? TorchSharp.torch.CUDA : TorchSharp.torch.CPU, Console.Out)));
}

// a number of failures would be cut to eight bits; 77 is what run.sh takes for skipped
int Code(int failures) => failures == KernelBenchmark.NothingToTime ? 77 : Math.Min(failures, 1);

string? ValueOf(string option) =>
    Array.IndexOf(args, option) is >= 0 and var i && i + 1 < args.Length ? args[i + 1] : null;

int Fail(string message, int code)
{
    Console.Error.WriteLine(message);
    return code;
}
