namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What one thread does with its own tokens, or its own neurons, in float32 in either direction, a tile of at most 96
/// tokens of one expert at a time: gather → multiply → something with the hidden numbers → multiply, adding to the
/// tokens' results at once. Nothing of size [tokens · K, d_model] ever exists.
/// </summary>
/// <param name="call">The call.</param>
/// <param name="into">Takes tokens to neurons.</param>
/// <param name="outOf">[experts, G, D]: takes neurons to tokens.</param>
internal abstract unsafe class FloatTilePass<TLanes, TVector>(
    FloatCall call, NeuronProducts<TLanes, TVector> into, float* outOf) : IDisposable
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private readonly Scratch<float> _tile = new((long)ExpertShape.TileRows * call.Shape.ModelSize, isZeroed: false);
    private readonly Scratch<float> _hidden = new((long)ExpertShape.TileRows * FloatCall.Neurons, isZeroed: false);
    private readonly Scratch<float> _edge = new(
        (long)FloatCall.Neurons * RegisterTiles<TLanes, TVector>.Panel, isZeroed: false);

    /// <summary>Gets the call.</summary>
    protected FloatCall Call => call;

    /// <summary>Computes one stretch.</summary>
    /// <param name="share">The stretch.</param>
    /// <param name="source">[tokens, D].</param>
    /// <param name="target">[tokens, D]: is added to.</param>
    public void Run(TokenShare share, float* source, float* target) =>
        Run(share, source, target, 0, call.Shape.ExpertSize);

    /// <summary>Computes what some neurons add to one stretch.</summary>
    /// <param name="share">The stretch.</param>
    /// <param name="source">[tokens, D].</param>
    /// <param name="target">[tokens, D]: is added to.</param>
    /// <param name="first">The first neuron: the first of a panel.</param>
    /// <param name="end">The neuron behind the last.</param>
    public void Run(TokenShare share, float* source, float* target, int first, int end)
    {
        var size = call.Shape.ModelSize;
        var panel = RegisterTiles<TLanes, TVector>.Panel;
        var targets = stackalloc float*[ExpertShape.TileRows];
        call.Gather(share, source, _tile.Pointer, target, targets);
        for (var neuron = first; neuron < end; neuron += FloatCall.Neurons)
        {
            var count = Math.Min(FloatCall.Neurons, end - neuron);
            into.Multiply(share, _tile.Pointer, neuron, count, _hidden.Pointer);
            for (var row = 0; row < share.Count; row++)
            {
                Change(share.Expert, share.Start + row, neuron, count, _hidden.Pointer + row * FloatCall.Neurons);
            }

            RegisterTiles<TLanes, TVector>.Multiply(
                new(_hidden.Pointer, FloatCall.Neurons, 1), share.Count,
                new(call.Row(outOf, share.Expert, neuron), size, panel, _edge.Pointer), count, targets, size,
                add: true);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tile.Dispose();
        _hidden.Dispose();
        _edge.Dispose();
    }

    /// <summary>Makes of what came into some neurons what goes out of them.</summary>
    /// <param name="expert">The expert.</param>
    /// <param name="position">The sorted position.</param>
    /// <param name="first">The first neuron.</param>
    /// <param name="count">How many.</param>
    /// <param name="hidden">[count].</param>
    protected abstract void Change(int expert, int position, int first, int count, float* hidden);
}
