namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One of several references to a value. The value is disposed with its last reference, so whoever holds one (a model,
/// a transformer, an open cursor) can use it whatever the others do. Safe to use from several threads at once.
/// </summary>
internal sealed class Shared<T> : IDisposable
    where T : class
{
    private readonly Counted _counted;
    private readonly Type _owner;
    private int _disposed;

    /// <summary>Makes the first reference.</summary>
    /// <param name="value">The value to share.</param>
    /// <param name="dispose">Called with the last reference.</param>
    /// <param name="owner">Whose name an <see cref="ObjectDisposedException"/> tells.</param>
    public Shared(T value, Action<T> dispose, Type owner)
        : this(new Counted(value, dispose), owner)
    {
    }

    private Shared(Counted counted, Type owner)
    {
        _counted = counted;
        _owner = owner;
    }

    /// <summary>Gets the value.</summary>
    /// <exception cref="ObjectDisposedException">This reference was given back.</exception>
    public T Value
    {
        get
        {
            ThrowIfDisposed();
            return _counted.Value;
        }
    }

    /// <summary>Makes one more reference.</summary>
    /// <exception cref="ObjectDisposedException">This reference was given back.</exception>
    public Shared<T> Copy()
    {
        ThrowIfDisposed();
        ObjectDisposedException.ThrowIf(!_counted.TryAdd(), _owner);
        return new(_counted, _owner);
    }

    /// <summary>Gets whether this reference was given back.</summary>
    public bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    /// <summary>Throws if this reference was given back.</summary>
    public void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(IsDisposed, _owner);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _counted.Remove();
        }
    }

    private sealed class Counted(T value, Action<T> dispose)
    {
        private readonly Lock _gate = new();
        private int _count = 1;

        public T Value => value;

        public bool TryAdd()
        {
            lock (_gate)
            {
                return _count > 0 && ++_count > 0;
            }
        }

        public void Remove()
        {
            lock (_gate)
            {
                if (--_count > 0)
                {
                    return;
                }
            }

            dispose(value);
        }
    }
}
