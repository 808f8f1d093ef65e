using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The forward pass of one thread over its own tokens in float32, a tile of at most 96 tokens of one expert at a time:
/// gather → multiply → relu → weigh → multiply, adding to the tokens' outputs at once. Nothing of size [tokens · K, d_model]
/// ever exists.
/// </summary>
internal sealed unsafe class FloatForwardPass<TLanes, TVector>(
    FloatCall call, NeuronProducts<TLanes, TVector> up, float* down) : IDisposable
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private readonly Scratch<float> _tile = new((long)ExpertShape.TileRows * call.Shape.ModelSize, isZeroed: false);
    private readonly Scratch<float> _hidden = new((long)ExpertShape.TileRows * FloatCall.Neurons, isZeroed: false);
    private readonly Scratch<float> _edge = new((long)FloatCall.Neurons * RegisterTiles<TLanes, TVector>.Panel, isZeroed: false);

    /// <summary>Computes one stretch.</summary>
    /// <param name="share">The stretch.</param>
    /// <param name="tokens">[tokens, D].</param>
    /// <param name="output">[tokens, D]: is added to.</param>
    public void Run(TokenShare share, float* tokens, float* output)
    {
        var size = call.Shape.ModelSize;
        var panel = RegisterTiles<TLanes, TVector>.Panel;
        var targets = stackalloc float*[ExpertShape.TileRows];
        call.Gather(share, tokens, _tile.Pointer, output, targets);
        for (var neuron = 0; neuron < call.Shape.ExpertSize; neuron += FloatCall.Neurons)
        {
            var count = Math.Min(FloatCall.Neurons, call.Shape.ExpertSize - neuron);
            up.Multiply(share, _tile.Pointer, neuron, count, _hidden.Pointer);
            for (var row = 0; row < share.Count; row++)
            {
                Activate(share.Expert, share.Start + row, neuron, count, _hidden.Pointer + row * FloatCall.Neurons);
            }

            RegisterTiles<TLanes, TVector>.Multiply(
                new(_hidden.Pointer, FloatCall.Neurons, 1), share.Count,
                new(call.Row(down, share.Expert, neuron), size, panel, _edge.Pointer), count, targets, size, add: true);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tile.Dispose();
        _hidden.Dispose();
        _edge.Dispose();
    }

    // h = relu(raw + bias) is kept for the backward pass; gate · mask · h goes on.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Activate(int expert, int position, int first, int count, float* raw)
    {
        var kept = call.HiddenAt(position) + first;
        var bias = call.Bias == null ? null : call.Bias + (long)expert * call.Shape.ExpertSize + first;
        var mask = call.MaskAt(position) == null ? null : call.MaskAt(position) + first;
        var gate = call.GateAt(position);
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
