using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The forward pass of one thread over its own tokens or neurons in float32.</summary>
/// <param name="call">The call.</param>
/// <param name="up">Takes tokens to neurons.</param>
/// <param name="down">[experts, G, D]: takes neurons to tokens.</param>
internal sealed unsafe class FloatForwardPass<TLanes, TVector, TActivation>(
    FloatCall call, NeuronProducts<TLanes, TVector> up, float* down) : FloatTilePass<TLanes, TVector>(call, up, down)
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
    where TActivation : struct, IVectorActivation
{
    protected override void Change(int expert, int position, int first, int count, float* raw)
    {
        var kept = Call.RawAt(position) + first;
        var bias = Call.BiasOf(expert) == null ? null : Call.BiasOf(expert) + first;
        var mask = Call.MaskAt(position) == null ? null : Call.MaskAt(position) + first;
        var gate = Call.GateAt(position);
        var done = Activate<TLanes, TVector>(raw, bias, mask, gate, kept, 0, count);
        Activate<Lanes1, float>(raw, bias, mask, gate, kept, done, count);
    }

    // raw + bias is kept for the backward pass; gate · mask · φ(raw + bias) goes on.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Activate<T, TV>(
        float* raw, float* bias, float* mask, float gate, float* kept, int first, int count)
        where T : struct, ILanes<TV>
        where TV : struct
    {
        var gates = T.Fill(gate);
        var i = first;
        for (; i <= count - T.Count; i += T.Count)
        {
            var x = T.Load(raw + i);
            x = bias == null ? x : T.Add(x, T.Load(bias + i));
            T.Store(x, kept + i);
            x = T.Multiply(TActivation.Value<T, TV>(x), gates);
            T.Store(mask == null ? x : T.Multiply(x, T.Load(mask + i)), raw + i);
        }

        return i;
    }
}
