namespace Microsoft.ML.SigmaMoE;

/// <summary>What a benchmark made and gives back at its end, the last first.</summary>
internal sealed class Disposables : IDisposable
{
    private readonly Stack<IDisposable> _all = [];

    /// <summary>Takes something over.</summary>
    public T Add<T>(T value)
        where T : IDisposable
    {
        _all.Push(value);
        return value;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_all.TryPop(out var value))
        {
            value.Dispose();
        }
    }
}
