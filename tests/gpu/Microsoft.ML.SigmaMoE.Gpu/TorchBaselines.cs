using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>
/// What the kernels are compared with, by libtorch in bfloat16, forward and backward: a dense layer of equal
/// parameters, a loop of matrix products (the library's own libtorch path), and torch._grouped_mm with sorting,
/// gathering and adding around it.
/// </summary>
/// <param name="driver">The device that times, or null for a clock.</param>
/// <param name="device">Where tensors live.</param>
/// <param name="grouped">
/// Whether torch._grouped_mm is measured: where libtorch refuses the script, the process ends.
/// </param>
internal sealed class TorchBaselines(CudaDevice? driver, Device device, bool grouped)
{
    private const int Warmups = 3, Repetitions = 10;

    // K dimensions of _grouped_mm are rows of a multiple of 16 bytes: 412 is padded to 416 by whoever calls
    private const string Grouped = """
        def layer(x, gates, experts, up, down):
            active: int = experts.size(1)
            chosen, order = torch.sort(experts.flatten(), stable=True)
            ends = torch.searchsorted(chosen, torch.arange(1, up.size(0) + 1, device=x.device)).int()
            tokens = order.div(active, rounding_mode="floor")
            hidden = torch.relu(torch._grouped_mm(x.index_select(0, tokens), up.transpose(1, 2), offs=ends))
            gated = hidden * gates.flatten().index_select(0, order).unsqueeze(1)
            part = torch._grouped_mm(gated, down, offs=ends)
            return torch.zeros_like(x).index_add(0, tokens, part)
        """;

    /// <summary>Lists name and milliseconds, or why there are none.</summary>
    public IEnumerable<(string Name, string Result)> Measure(LayerProblem problem, int repetitions = Repetitions)
    {
        yield return ("dense of equal parameters", Try(() => Dense(problem.Sizes, repetitions)));
        yield return ("loop of matrix products", Try(() => Loop(problem, repetitions)));
        if (grouped)
        {
            yield return ("torch._grouped_mm", Try(() => GroupedProduct(problem, repetitions)));
        }
    }

    private static string Try(Func<double> measure)
    {
        try
        {
            return $"{measure():G4} ms";
        }
        catch (Exception fault) when (
            fault is System.Runtime.InteropServices.ExternalException or InvalidOperationException or ArgumentException)
        {
            return $"not run: {fault.Message.Split('\n')[0]}";
        }
    }

    private double Dense(ExpertSizes s, int repetitions)
    {
        using var scope = NewDisposeScope();
        var x = Random(s.Tokens, s.ModelSize);
        var up = Random((long)s.Experts * s.ExpertSize, s.ModelSize);
        var down = Random((long)s.Experts * s.ExpertSize, s.ModelSize);
        return Median(repetitions, x, () => nn.functional.relu(x.matmul(up.t())).matmul(down));
    }

    private double Loop(LayerProblem problem, int repetitions)
    {
        using var scope = NewDisposeScope();
        var s = problem.Sizes;
        var inputs = new ExpertInputs(
            Random(s.Tokens, s.ModelSize, ScalarType.Float32), Random(s.Tokens, s.Active, ScalarType.Float32),
            Random(s.Experts, s.ExpertSize, s.ModelSize, ScalarType.Float32),
            Random(s.Experts, s.ExpertSize, s.ModelSize, ScalarType.Float32), null);
        var experts = tensor(problem.Choices).view(s.Tokens, s.Active).to(device);
        return Median(repetitions, inputs.Tokens, () => ExpertFunction.Apply(
            new TorchExpertBackend(ScalarType.BFloat16), inputs, ExpertBatch.Create(experts, s.Experts), null));
    }

    private double GroupedProduct(LayerProblem problem, int repetitions)
    {
        using var scope = NewDisposeScope();
        using var script = jit.compile(Grouped + "\n");
        var s = problem.Sizes;
        var size = (s.ModelSize + 7) / 8 * 8;
        Tensor[] inputs =
        [
            Random(s.Tokens, size), Random(s.Tokens, s.Active),
            tensor(problem.Choices).view(s.Tokens, s.Active).to(device),
            Random(s.Experts, s.ExpertSize, size), Random(s.Experts, s.ExpertSize, size),
        ];
        return Median(repetitions, inputs[0], () => (Tensor)script.invoke("layer", [.. inputs])!);
    }

    private double Median(int repetitions, Tensor x, Func<Tensor> forward)
    {
        var times = new List<double>();
        using var timer = driver is null ? null : new EventTimer(driver);
        using var gradient = ones_like(x);
        for (var i = 0; i < Warmups + repetitions; i++)
        {
            using var step = NewDisposeScope();
            var start = System.Diagnostics.Stopwatch.GetTimestamp();
            var time = timer?.Time(() => forward().backward([gradient]));
            if (timer is null)
            {
                forward().backward([gradient]);
                time = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }

            if (i >= Warmups)
            {
                times.Add(time!.Value);
            }
        }

        return times.Order().ElementAt(times.Count / 2);
    }

    private Tensor Random(long rows, long columns, ScalarType type = ScalarType.BFloat16) =>
        Random([rows, columns], type);

    private Tensor Random(long first, long rows, long columns, ScalarType type = ScalarType.BFloat16) =>
        Random([first, rows, columns], type);

    private Tensor Random(long[] shape, ScalarType type) =>
        (randn(shape, dtype: ScalarType.Float32, device: device) * 0.05f).to(type).detach().requires_grad_();
}
