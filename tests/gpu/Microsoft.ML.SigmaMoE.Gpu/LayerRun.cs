namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>A layer on a device with its own memory, through the library's own sequence of launches.</summary>
internal sealed class LayerRun : IDisposable
{
    private readonly DeviceKernels _kernels;
    private readonly LayerProblem _problem;
    private readonly DeviceMemory _memory;
    private readonly ExpertAddresses _inputs;
    private readonly ExpertAddresses _by;
    private readonly nint _gradient;
    private readonly nint _hidden;
    private readonly nint _output;
    private nint _choices;

    public LayerRun(DeviceKernels kernels, LayerProblem problem)
    {
        (_kernels, _problem, _memory) = (kernels, problem, new DeviceMemory(kernels.Device));
        var sizes = problem.Sizes;
        kernels.Device.MakeCurrent();
        _inputs = new(
            _memory.Upload(problem.Tokens), _memory.Upload(problem.Gates), _memory.Upload(problem.Up),
            _memory.Upload(problem.Down),
            problem.Bias is null ? 0 : _memory.Upload(problem.Bias));
        _gradient = _memory.Upload(problem.Gradient);
        _choices = _memory.Upload(problem.Choices);
        _hidden = _memory.Allocate(sizes.Slots * sizes.HiddenStride * sizes.Numbers.ElementBytes);
        _output = Floats(problem.Tokens.Length);
        _by = new(
            Floats(problem.Tokens.Length), Floats(problem.Gates.Length), Floats(problem.Up.Length),
            Floats(problem.Down.Length),
            problem.Bias is null ? 0 : Floats(problem.Bias.Length));
    }

    public float[] Output => Download(_output, _problem.Tokens.Length);

    public float[] ByTokens => Download(_by.Tokens, _problem.Tokens.Length);

    public float[] ByGates => Download(_by.Gates, _problem.Gates.Length);

    public float[] ByUp => Download(_by.Up, _problem.Up.Length);

    public float[] ByDown => Download(_by.Down, _problem.Down.Length);

    public float[] ByBias => _by.UpBias == 0 ? [] : Download(_by.UpBias, _problem.Bias!.Length);

    /// <summary>Takes the problem's choices again, after they were drawn anew.</summary>
    public void Reroute() => _choices = _memory.Upload(_problem.Choices);

    /// <summary>Launches forward and, if wanted, backward; does not wait.</summary>
    /// <param name="backward">Whether gradients are computed too.</param>
    /// <param name="memory">Where what the layer needs meanwhile comes from.</param>
    public void Launch(bool backward, IDeviceMemory memory)
    {
        _kernels.Device.MakeCurrent();
        var layer = new CudaExpertLayer(
            _kernels, _problem.Sizes, _inputs, CountedAddresses.Count(_kernels, _problem.Sizes, _choices, memory),
            memory);
        layer.Forward(_hidden, _output, memory);
        if (backward)
        {
            layer.Backward(_gradient, _hidden, _by, memory);
        }
    }

    public void Dispose() => _memory.Dispose();

    private nint Floats(long count) => _memory.Allocate(count * sizeof(float));

    private float[] Download(nint address, long count) => _memory.Download<float>(address, count);
}
