namespace Microsoft.ML.SigmaMoE;

/// <summary>A form of weights that is kept where they do not change.</summary>
internal interface IKeptForm : IDisposable
{
    /// <summary>Moves to where it is read fastest.</summary>
    void Settle();
}
