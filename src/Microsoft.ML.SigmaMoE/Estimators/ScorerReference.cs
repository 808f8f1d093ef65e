namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One of several references to a scorer. The scorer is disposed with its last reference, so whoever holds one (a
/// transformer, an open cursor, a prediction engine's row) can use it whatever the others do.
/// </summary>
internal sealed class ScorerReference : IDisposable
{
    private readonly Shared _shared;
    private readonly Type _owner;
    private int _disposed;

    /// <summary>Makes the first reference.</summary>
    /// <param name="scorer">Disposed with the last reference, unless it belongs to somebody else.</param>
    /// <param name="owner">Whose name an <see cref="ObjectDisposedException"/> tells.</param>
    /// <param name="leaveOpen">Whether the scorer belongs to somebody else.</param>
    public ScorerReference(IRowScorer scorer, Type owner, bool leaveOpen = false)
        : this(new Shared(scorer, leaveOpen ? null : scorer as IDisposable), owner)
    {
    }

    private ScorerReference(Shared shared, Type owner)
    {
        _shared = shared;
        _owner = owner;
    }

    /// <summary>Gets the scorer.</summary>
    /// <exception cref="ObjectDisposedException">This reference was given back.</exception>
    public IRowScorer Scorer
    {
        get
        {
            ThrowIfDisposed();
            return _shared.Scorer;
        }
    }

    /// <summary>Makes one more reference.</summary>
    /// <exception cref="ObjectDisposedException">This reference was given back.</exception>
    public ScorerReference Copy()
    {
        ThrowIfDisposed();
        ObjectDisposedException.ThrowIf(!_shared.TryAdd(), _owner);
        return new(_shared, _owner);
    }

    /// <summary>Throws if this reference was given back.</summary>
    public void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, _owner);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _shared.Remove();
        }
    }

    private sealed class Shared(IRowScorer scorer, IDisposable? disposable)
    {
        private readonly Lock _gate = new();
        private int _count = 1;

        public IRowScorer Scorer => scorer;

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

            disposable?.Dispose();
        }
    }
}
