namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The claims of a transformer's prediction engines. ML.NET's engines never dispose what they got; they dispose the
/// transformer instead, which several may share. So each call of the transformer's Dispose stands for one engine, and
/// when as many calls were made as there are engines left, their claims end.
/// </summary>
internal sealed class EngineClaims
{
    private readonly Lock _gate = new();
    private readonly List<(WeakReference<EngineClaim> Claim, Shared<IRowScorer> Reference)> _claims = [];
    private int _calls;

    /// <summary>Makes the claim of one more engine.</summary>
    /// <param name="reference">Disposed when the claim ends.</param>
    public EngineClaim Add(Shared<IRowScorer> reference)
    {
        var claim = new EngineClaim(reference);
        lock (_gate)
        {
            RemoveEnded();
            _claims.Add((new(claim), reference));
        }

        return claim;
    }

    /// <summary>Takes note that the transformer was disposed, by one of its engines or by its user.</summary>
    public void ReleaseOne()
    {
        lock (_gate)
        {
            RemoveEnded();
            _calls++;
            if (_claims.Count <= _calls)
            {
                _claims.ForEach(claim => claim.Reference.Dispose());
            }
        }
    }

    private void RemoveEnded() => _claims.RemoveAll(entry =>
    {
        if (!entry.Claim.TryGetTarget(out _))
        {
            entry.Reference.Dispose();
        }

        return entry.Reference.IsDisposed;
    });
}
