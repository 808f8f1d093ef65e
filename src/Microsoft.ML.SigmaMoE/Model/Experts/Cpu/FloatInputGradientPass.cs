using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The backward pass of one thread over its own tokens in float32: the gradient by gates, hidden vectors and tokens.
/// </summary>
/// <param name="call">The forward call's data.</param>
/// <param name="down">Takes the arriving gradient to the neurons.</param>
/// <param name="up">[experts, G, D]: takes the neurons' gradient to the tokens.</param>
/// <param name="byGate">[tokens · K] by slot: is set.</param>
/// <param name="byRaw">[positions, padded G]: the gradient before the activation, sorted: is set.</param>
internal sealed unsafe class FloatInputGradientPass<TLanes, TVector, TActivation>(
    FloatCall call, NeuronProducts<TLanes, TVector> down, float* up, float* byGate, float* byRaw)
    : FloatTilePass<TLanes, TVector>(call, down, up)
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
    where TActivation : struct, IVectorActivation
{
    protected override void Change(int expert, int position, int first, int count, float* by)
    {
        var slot = Call.SlotAt(position);
        var raw = Call.RawAt(position) + first;
        var target = byRaw + (long)position * Call.Shape.PaddedExpertSize + first;
        var mask = Call.MaskAt(position) == null ? null : Call.MaskAt(position) + first;
        var gate = Call.GateAt(position);
        var (done, sum) = Deactivate<TLanes, TVector>(by, raw, mask, gate, target, 0, count);
        var (_, rest) = Deactivate<Lanes1, float>(by, raw, mask, gate, target, done, count);
        byGate[slot] = sum + rest + (first == 0 ? 0 : byGate[slot]);
    }

    // byGate = Σ byHidden · mask · φ(raw); byRaw = gate · mask · byHidden · φ′(raw)
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (int Done, float Sum) Deactivate<T, TV>(
        float* by, float* raw, float* mask, float gate, float* target, int first, int count)
        where T : struct, ILanes<TV>
        where TV : struct
    {
        var (gates, sums) = (T.Fill(gate), T.Fill(0));
        var i = first;
        for (; i <= count - T.Count; i += T.Count)
        {
            var x = T.Load(by + i);
            x = mask == null ? x : T.Multiply(x, T.Load(mask + i));
            var (hidden, gradient) = TActivation.Differentiate<T, TV>(T.Load(raw + i), T.Multiply(x, gates));
            sums = T.MultiplyAdd(x, hidden, sums);
            T.Store(gradient, by + i);
            T.Store(gradient, target + i);
        }

        return (i, T.Sum(sums));
    }
}
