namespace Microsoft.ML.SigmaMoE;

/// <summary>The weights of experts as one token reads them, with what is stored where.</summary>
internal unsafe interface IExpertRows
{
    /// <summary>
    /// Gets how many neurons are read at a time, for several tokens in turn while they are in the cache.
    /// </summary>
    int Block { get; }

    /// <summary>Gets the bytes of a weight.</summary>
    int WeightSize { get; }

    /// <summary>output += gate · φ(token · up_eᵀ + b_e) · down_e over some neurons of expert e.</summary>
    /// <param name="expert">e.</param>
    /// <param name="first">The first neuron, a multiple of <see cref="Block"/>.</param>
    /// <param name="count">How many neurons, at most <see cref="Block"/>.</param>
    /// <param name="token">[d_model].</param>
    /// <param name="gate">The weight of the expert.</param>
    /// <param name="output">[d_model].</param>
    void Add(int expert, int first, int count, float* token, float gate, float* output);
}
