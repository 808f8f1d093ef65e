namespace Microsoft.ML.SigmaMoE;

/// <summary>A prediction engine's right to use the scorer. That of an engine that was collected ends too.</summary>
internal sealed class EngineClaim(Shared<IRowScorer> reference) : IDisposable
{
    /// <summary>Makes a reference for one call: another engine may dispose the transformer meanwhile.</summary>
    /// <exception cref="ObjectDisposedException">The claim ended.</exception>
    public Shared<IRowScorer> Use() => reference.Copy();

    /// <inheritdoc/>
    public void Dispose() => reference.Dispose();
}
