using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Where the documents of a segment begin: each with a separator, which is the first token it sees.</summary>
/// <param name="Keys">
/// [batch · T]: for each token the key at which its document starts, among M + T; 0 where it started earlier.
/// </param>
/// <param name="Open">For each row of the batch, how many tokens of its last document have been read.</param>
internal sealed record DocumentStarts(int[] Keys, long[] Open)
{
    /// <summary>Looks for separators in a segment.</summary>
    /// <param name="tokens">[batch, T], int64.</param>
    /// <param name="separator">The token between documents.</param>
    /// <param name="open">
    /// For each row, how many tokens of its document were read before; empty at the start of the text.
    /// </param>
    /// <param name="memory">M, the number of keys before the segment.</param>
    public static DocumentStarts Find(Tensor tokens, long separator, long[] open, long memory)
    {
        using var local = tokens.cpu().contiguous();
        var ids = MemoryMarshal.Cast<byte, long>(local.bytes);
        var time = (int)tokens.size(1);
        var (keys, next) = (new int[ids.Length], new long[tokens.size(0)]);
        for (var row = 0; row < next.Length; row++)
        {
            var start = memory - open.ElementAtOrDefault(row);
            for (var place = 0; place < time; place++)
            {
                start = ids[row * time + place] == separator ? memory + place : start;
                keys[row * time + place] = (int)Math.Max(0, start);
            }

            next[row] = memory + time - start;
        }

        return new(keys, next);
    }
}
