using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// What <see cref="DocumentReader"/> must equal: reads a document with keys and values computed anew at every token,
/// from the layers' inputs, as scoring does.
/// </summary>
internal sealed class RecomputingReader(TransformerNetwork network) : IDisposable
{
    private readonly int _segmentLength = network.Model.SegmentLength;
    private readonly int _memoryLength = network.Model.EffectiveEvaluationMemoryLength;

    // what came before the segment, and what was read of the segment itself
    private readonly SegmentMemory _memory = new(
        network.Model.EffectiveEvaluationMemoryLength + network.Model.SegmentLength);
    private int _place;
    private long _before;

    public float[] Read(ReadOnlySpan<int> tokens)
    {
        using var quiet = inference_mode();
        using var scope = NewDisposeScope();
        while (true)
        {
            var count = Prepare(tokens.Length);
            var hidden = Forward(tokens[..count]);                       // [1, count, d_model]
            tokens = tokens[count..];
            if (tokens.IsEmpty)
            {
                return Logits(hidden.narrow(1, count - 1, 1));
            }

            hidden.Dispose();
        }
    }

    public void Dispose() => _memory.Dispose();

    // Lets the next tokens see what they see when a document is scored, and says how many of them see that.
    private int Prepare(int count)
    {
        _place %= _segmentLength;
        _memory.Window = long.MaxValue;
        if (_place == 0)
        {
            _memory.KeepLatest(_memoryLength);
            _before = _memory.Length;
        }
        else if (network.Model.SameLengthEvaluation)
        {
            // each token of a segment sees as much as the first, but nothing is hidden where nothing came before
            _memory.Window = _before == 0 ? long.MaxValue : _before;
            return 1;
        }

        return Math.Min(count, _segmentLength - _place);
    }

    private Tensor Forward(ReadOnlySpan<int> tokens)
    {
        using var ids = tensor(tokens.ToArray(), [1, tokens.Length], dtype: ScalarType.Int64, device: network.Device);
        _place += tokens.Length;
        return network.Forward(ids, _memory).Hidden;
    }

    private float[] Logits(Tensor hidden)                                // [1, 1, d_model]
    {
        using var logits = network.Logits(hidden).cpu().contiguous();    // [1, 1, V]
        return MemoryMarshal.Cast<byte, float>(logits.bytes).ToArray();
    }
}
