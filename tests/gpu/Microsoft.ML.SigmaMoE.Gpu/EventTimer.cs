namespace Microsoft.ML.SigmaMoE.Gpu;

/// <summary>Times work on the device between two CUDA events.</summary>
internal sealed class EventTimer : IDisposable
{
    private readonly CudaDevice _device;
    private readonly nint _start;
    private readonly nint _end;

    public EventTimer(CudaDevice device)
    {
        _device = device;
        device.Check(device.Driver.EventCreate(out _start), "cuEventCreate");
        device.Check(device.Driver.EventCreate(out _end), "cuEventCreate");
    }

    /// <summary>Runs something once and gives the milliseconds that the device took.</summary>
    public double Time(Action launch)
    {
        _device.Check(_device.Driver.EventRecord(_start), "cuEventRecord");
        launch();
        _device.Check(_device.Driver.EventRecord(_end), "cuEventRecord");
        _device.Check(_device.Driver.EventSynchronize(_end), "cuEventSynchronize");
        _device.Check(_device.Driver.EventElapsedTime(out var milliseconds, _start, _end), "cuEventElapsedTime");
        return milliseconds;
    }

    public void Dispose()
    {
        _device.Check(_device.Driver.EventDestroy(_start), "cuEventDestroy");
        _device.Check(_device.Driver.EventDestroy(_end), "cuEventDestroy");
    }
}
