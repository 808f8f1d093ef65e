using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The gradient by some neurons' rows of one matrix of one expert in float32, leftᵀ · right over the expert's tokens, a
/// block at a time. One thread does all tokens, so that the order of the sums never changes.
/// </summary>
internal sealed unsafe class FloatWeightGradientPass<TLanes, TVector, TActivation>(FloatCall call, float* byRaw)
    : IDisposable
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
    where TActivation : struct, IVectorActivation
{
    /// <summary>The most neurons of a call: twelve tiles of twelve rows.</summary>
    public const int Neurons = 144;

    // Of tokens: a panel of them, 24 kB, stays in the first-level cache.
    private const int Block = 192;
    private readonly Scratch<float> _weighed = new((long)Block * Neurons, isZeroed: false);
    private readonly Scratch<float> _right = new(
        (long)Block * Padding.Up(call.Shape.ModelSize, RegisterTiles<TLanes, TVector>.Panel), isZeroed: false);

    /// <summary>Computes the gradient by rows of the up-projection, byRawᵀ · tokens.</summary>
    public void Up(int expert, int neuron, float* tokens, float* gradient) =>
        Run(expert, neuron, tokens, gradient, isUp: true);

    /// <summary>Computes the gradient by rows of the down-projection, (gate · mask · φ(raw))ᵀ · arriving.</summary>
    public void Down(int expert, int neuron, float* arriving, float* gradient) =>
        Run(expert, neuron, arriving, gradient, isUp: false);

    /// <summary>Computes the gradient by an expert's biases, the sum of byRaw; nothing where there are none.</summary>
    public void Bias(int expert, float* gradient)
    {
        var size = call.Shape.ExpertSize;
        var sums = gradient == null ? [] : new Span<float>(gradient + (long)expert * size, size);
        sums.Clear();
        for (var position = call.Batch.Offsets[expert]; !sums.IsEmpty && position < call.Batch.Offsets[expert + 1]; position++)
        {
            var row = new ReadOnlySpan<float>(byRaw + (long)position * call.Shape.PaddedExpertSize, size);
            System.Numerics.Tensors.TensorPrimitives.Add(sums, row, sums);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _weighed.Dispose();
        _right.Dispose();
    }

    private void Run(int expert, int neuron, float* right, float* gradient, bool isUp)
    {
        var (size, width) = (call.Shape.ModelSize, call.Shape.PaddedExpertSize);
        var count = Math.Min(Neurons, call.Shape.ExpertSize - neuron);
        var (first, end) = (call.Batch.Offsets[expert], call.Batch.Offsets[expert + 1]);
        var target = call.Row(gradient, expert, neuron);
        var targets = stackalloc float*[Neurons];
        for (var row = 0; row < count; row++)
        {
            targets[row] = target + (long)row * size;
        }

        if (first == end)
        {
            new Span<float>(target, count * size).Clear();
        }

        for (var start = first; start < end; start += Block)
        {
            var tokens = Math.Min(Block, end - start);
            var left = isUp
                ? new TileOperand(byRaw + (long)start * width + neuron, 1, width)
                : Weigh(start, tokens, neuron, count);
            RegisterTiles<TLanes, TVector>.Multiply(
                left, count, Gather(start, tokens, right), tokens, targets, size, add: start > first);
        }
    }

    private TileOperand Weigh(int start, int tokens, int neuron, int count)
    {
        for (var token = 0; token < tokens; token++)
        {
            var raw = call.RawAt(start + token) + neuron;
            var mask = call.MaskAt(start + token) == null ? null : call.MaskAt(start + token) + neuron;
            var gate = call.GateAt(start + token);
            var target = _weighed.Pointer + token * Neurons;
            var done = Weigh<TLanes, TVector>(raw, mask, gate, target, 0, count);
            Weigh<Lanes1, float>(raw, mask, gate, target, done, count);
        }

        return new(_weighed.Pointer, 1, Neurons);
    }

    // gate · mask · φ(raw)
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Weigh<T, TV>(float* raw, float* mask, float gate, float* target, int first, int count)
        where T : struct, ILanes<TV>
        where TV : struct
    {
        var gates = T.Fill(gate);
        var i = first;
        for (; i <= count - T.Count; i += T.Count)
        {
            var x = T.Multiply(TActivation.Value<T, TV>(T.Load(raw + i)), gates);
            T.Store(mask == null ? x : T.Multiply(x, T.Load(mask + i)), target + i);
        }

        return i;
    }

    // Rows of tokens in panels, the last padded with zeros.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private TilePanels Gather(int start, int tokens, float* right)
    {
        var panel = RegisterTiles<TLanes, TVector>.Panel;
        var size = call.Shape.ModelSize;
        for (var token = 0; token < tokens; token++)
        {
            var source = right + call.TokenAt(start + token) * size;
            var target = _right.Pointer + token * panel;
            for (var i = 0; i < size; i += panel, target += Block * panel)
            {
                if (i <= size - panel)
                {
                    TLanes.Store(TLanes.Load(source + i), target);
                    TLanes.Store(TLanes.Load(source + i + TLanes.Count), target + TLanes.Count);
                }
                else
                {
                    new ReadOnlySpan<float>(source + i, size - i).CopyTo(new(target, size - i));
                    new Span<float>(target + size - i, panel - (size - i)).Clear();
                }
            }
        }

        return new(_right.Pointer, panel, (nint)Block * panel, edge: null);
    }
}
