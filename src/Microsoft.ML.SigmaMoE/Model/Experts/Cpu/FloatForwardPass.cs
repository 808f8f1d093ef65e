using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>The forward pass of one thread over its own tokens in float32.</summary>
/// <param name="call">The call.</param>
/// <param name="up">Takes tokens to neurons.</param>
/// <param name="down">[experts, G, D]: takes neurons to tokens.</param>
internal sealed unsafe class FloatForwardPass<TLanes, TVector>(
    FloatCall call, NeuronProducts<TLanes, TVector> up, float* down) : FloatTilePass<TLanes, TVector>(call, up, down)
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    // h = relu(raw + bias) is kept for the backward pass; gate · mask · h goes on.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Change(int expert, int position, int first, int count, float* raw)
    {
        var kept = Call.HiddenAt(position) + first;
        var bias = Call.Bias == null ? null : Call.Bias + (long)expert * Call.Shape.ExpertSize + first;
        var mask = Call.MaskAt(position) == null ? null : Call.MaskAt(position) + first;
        var gate = Call.GateAt(position);
        var (gates, zero) = (TLanes.Fill(gate), TLanes.Fill(0));
        var i = 0;
        for (; i <= count - TLanes.Count; i += TLanes.Count)
        {
            var x = TLanes.Load(raw + i);
            x = TLanes.Max(bias == null ? x : TLanes.Add(x, TLanes.Load(bias + i)), zero);
            TLanes.Store(x, kept + i);
            x = TLanes.Multiply(x, gates);
            TLanes.Store(mask == null ? x : TLanes.Multiply(x, TLanes.Load(mask + i)), raw + i);
        }

        for (; i < count; i++)
        {
            kept[i] = Math.Max(bias == null ? raw[i] : raw[i] + bias[i], 0);
            raw[i] = kept[i] * gate * (mask == null ? 1 : mask[i]);
        }
    }
}
