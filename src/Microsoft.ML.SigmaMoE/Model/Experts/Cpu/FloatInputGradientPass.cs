using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The backward pass of one thread over its own tokens in float32: the gradient by gates, hidden vectors and tokens, in the
/// same tiles as forward.
/// </summary>
/// <param name="call">The forward call's data.</param>
/// <param name="down">Takes the arriving gradient to the neurons.</param>
/// <param name="up">[experts, G, D]: takes the neurons' gradient to the tokens.</param>
/// <param name="byGate">[tokens · K] by slot: is set.</param>
/// <param name="byRaw">[positions, padded G]: the gradient before relu, sorted: is set.</param>
internal sealed unsafe class FloatInputGradientPass<TLanes, TVector>(
    FloatCall call, NeuronProducts<TLanes, TVector> down, float* up, float* byGate, float* byRaw) : IDisposable
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private readonly Scratch<float> _tile = new((long)ExpertShape.TileRows * call.Shape.ModelSize, isZeroed: false);
    private readonly Scratch<float> _hidden = new((long)ExpertShape.TileRows * FloatCall.Neurons, isZeroed: false);
    private readonly Scratch<float> _edge = new((long)FloatCall.Neurons * RegisterTiles<TLanes, TVector>.Panel, isZeroed: false);

    /// <summary>Computes one stretch.</summary>
    /// <param name="share">The stretch.</param>
    /// <param name="arriving">[tokens, D]: the gradient by the output.</param>
    /// <param name="byToken">[tokens, D]: is added to.</param>
    public void Run(TokenShare share, float* arriving, float* byToken)
    {
        var size = call.Shape.ModelSize;
        var panel = RegisterTiles<TLanes, TVector>.Panel;
        var targets = stackalloc float*[ExpertShape.TileRows];
        call.Gather(share, arriving, _tile.Pointer, byToken, targets);
        for (var neuron = 0; neuron < call.Shape.ExpertSize; neuron += FloatCall.Neurons)
        {
            var count = Math.Min(FloatCall.Neurons, call.Shape.ExpertSize - neuron);
            down.Multiply(share, _tile.Pointer, neuron, count, _hidden.Pointer);
            for (var row = 0; row < share.Count; row++)
            {
                var slot = call.Batch.SlotOrder[share.Start + row];
                var part = Deactivate(share.Start + row, neuron, count, _hidden.Pointer + row * FloatCall.Neurons);
                byGate[slot] = part + (neuron == 0 ? 0 : byGate[slot]);
            }

            RegisterTiles<TLanes, TVector>.Multiply(
                new(_hidden.Pointer, FloatCall.Neurons, 1), share.Count,
                new(call.Row(up, share.Expert, neuron), size, panel, _edge.Pointer), count, targets, size, add: true);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tile.Dispose();
        _hidden.Dispose();
        _edge.Dispose();
    }

    // byGate = Σ byHidden · mask · h; byRaw = gate · mask · byHidden where h > 0
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Deactivate(int position, int first, int count, float* by)
    {
        var kept = call.HiddenAt(position) + first;
        var target = byRaw + (long)position * call.Shape.PaddedExpertSize + first;
        var mask = call.MaskAt(position) == null ? null : call.MaskAt(position) + first;
        var gate = call.GateAt(position);
        var (gates, sums) = (TLanes.Fill(gate), TLanes.Fill(0));
        var i = 0;
        for (; i <= count - TLanes.Count; i += TLanes.Count)
        {
            var (x, h) = (TLanes.Load(by + i), TLanes.Load(kept + i));
            x = mask == null ? x : TLanes.Multiply(x, TLanes.Load(mask + i));
            sums = TLanes.MultiplyAdd(x, h, sums);
            x = TLanes.WhereAboveZero(h, TLanes.Multiply(x, gates));
            TLanes.Store(x, by + i);
            TLanes.Store(x, target + i);
        }

        var sum = TLanes.Sum(sums);
        for (; i < count; i++)
        {
            by[i] *= mask == null ? 1 : mask[i];
            sum += by[i] * kept[i];
            by[i] = kept[i] > 0 ? by[i] * gate : 0;
            target[i] = by[i];
        }

        return sum;
    }
}
