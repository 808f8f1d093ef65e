namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Rows of tokens by the neurons of their expert, x · wᵀ: over weights turned into panels where enough tokens share
/// them, else over weights as they are stored.
/// </summary>
internal sealed unsafe class NeuronProducts<TLanes, TVector> : IDisposable
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private readonly FloatCall _call;
    private readonly float* _weight;
    private readonly FloatPanels? _panels;

    /// <summary>
    /// Turns the weights of the experts that have tokens, on the threads of <see cref="CpuWork"/>, or none.
    /// </summary>
    /// <param name="call">The call.</param>
    /// <param name="weight">[experts, G, D], which outlives this.</param>
    public NeuronProducts(FloatCall call, float* weight)
    {
        _call = call;
        _weight = weight;
        var (batch, shape) = (call.Batch, call.Shape);
        if (Turns(batch.SlotOrder.Length, batch.ExpertCount, shape.ModelSize))
        {
            _panels = new(
                weight, batch.ExpertCount, shape.ExpertSize, shape.ModelSize, RegisterTiles<TLanes, TVector>.Panel,
                batch.HasTokens);
        }
    }

    /// <summary>
    /// Gets whether turning weights pays. It takes a time for each weight; each product of rows as they are stored
    /// takes two such times longer, for its sum stands in a whole register.
    /// </summary>
    public static bool Turns(int slots, int experts, int modelSize) => 2L * slots > (long)experts * modelSize;

    /// <summary>Multiplies a tile of tokens with some neurons.</summary>
    /// <param name="share">The tokens, of which three more rows than there are can be read.</param>
    /// <param name="tile">[tokens, D].</param>
    /// <param name="neuron">The first neuron.</param>
    /// <param name="count">How many.</param>
    /// <param name="target">[tokens, <see cref="FloatCall.Neurons"/>].</param>
    public void Multiply(TokenShare share, float* tile, int neuron, int count, float* target)
    {
        var size = _call.Shape.ModelSize;
        if (_panels is null)
        {
            DotTiles<TLanes, TVector>.Multiply(
                tile, share.Count, size, _call.Row(_weight, share.Expert, neuron), count, size, target,
                FloatCall.Neurons);
            return;
        }

        var rows = stackalloc float*[ExpertShape.TileRows];
        for (var row = 0; row < ExpertShape.TileRows; row++)
        {
            rows[row] = target + row * FloatCall.Neurons;
        }

        RegisterTiles<TLanes, TVector>.Multiply(
            new(tile, size, 1), Padding.Up(share.Count, 4), _panels.Of(share.Expert, neuron), size, rows,
            Padding.Up(count, RegisterTiles<TLanes, TVector>.Panel), add: false);
    }

    /// <inheritdoc/>
    public void Dispose() => _panels?.Dispose();
}
