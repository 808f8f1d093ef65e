namespace Microsoft.ML.SigmaMoE;

/// <summary>A form of weights that is kept where they do not change.</summary>
internal interface IKeptForm : IDisposable
{
    /// <summary>Gets where it lies: first bytes and how many.</summary>
    IEnumerable<(nint Start, long Bytes)> Memory { get; }
}
