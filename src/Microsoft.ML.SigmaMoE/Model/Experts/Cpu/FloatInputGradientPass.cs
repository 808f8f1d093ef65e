using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The backward pass of one thread over its own tokens in float32: the gradient by gates, hidden vectors and tokens.
/// </summary>
/// <param name="call">The forward call's data.</param>
/// <param name="down">Takes the arriving gradient to the neurons.</param>
/// <param name="up">[experts, G, D]: takes the neurons' gradient to the tokens.</param>
/// <param name="byGate">[tokens · K] by slot: is set.</param>
/// <param name="byRaw">[positions, padded G]: the gradient before relu, sorted: is set.</param>
internal sealed unsafe class FloatInputGradientPass<TLanes, TVector>(
    FloatCall call, NeuronProducts<TLanes, TVector> down, float* up, float* byGate, float* byRaw)
    : FloatTilePass<TLanes, TVector>(call, down, up)
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    protected override void Change(int expert, int position, int first, int count, float* by)
    {
        var slot = Call.Batch.SlotOrder[position];
        byGate[slot] = Deactivate(position, first, count, by) + (first == 0 ? 0 : byGate[slot]);
    }

    // byGate = Σ byHidden · mask · h; byRaw = gate · mask · byHidden where h > 0
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Deactivate(int position, int first, int count, float* by)
    {
        var kept = Call.HiddenAt(position) + first;
        var target = byRaw + (long)position * Call.Shape.PaddedExpertSize + first;
        var mask = Call.MaskAt(position) == null ? null : Call.MaskAt(position) + first;
        var gate = Call.GateAt(position);
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
