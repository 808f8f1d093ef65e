using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Counts, for each row of a batch, how often each expert of each layer was chosen.</summary>
internal sealed class ExpertShares(int rows, int layers, int experts)
{
    private readonly int[,] _counts = new int[rows, layers * experts];

    /// <summary>Counts a segment of the first rows.</summary>
    /// <param name="routings">Each layer's routing of [rows now · time] tokens, row by row.</param>
    /// <param name="time">Tokens a row.</param>
    /// <param name="from">The first position of the segment that counts.</param>
    /// <param name="ends">For each row, the position after the last that counts.</param>
    public void Add(IReadOnlyList<Routing> routings, int time, int from, IReadOnlyList<int> ends)
    {
        foreach (var (layer, routing) in routings.Index())
        {
            using var local = routing.Experts.cpu().contiguous();                   // [rows · time, K]
            var chosen = MemoryMarshal.Cast<byte, long>(local.bytes);
            var active = (int)routing.Experts.size(1);
            for (var row = 0; row < ends.Count; row++)
            {
                var slots = chosen.Slice((row * time + from) * active, Math.Max(0, ends[row] - from) * active);
                Count(slots, row, layer * experts);
            }
        }
    }

    /// <summary>Gets a row's shares, layer by layer; each layer's sum to 1.</summary>
    public float[] Row(int row)
    {
        var shares = new float[layers * experts];
        for (var start = 0; start < shares.Length; start += experts)
        {
            var total = Enumerable.Range(start, experts).Sum(slot => _counts[row, slot]);
            for (var slot = start; slot < start + experts && total > 0; slot++)
            {
                shares[slot] = (float)_counts[row, slot] / total;
            }
        }

        return shares;
    }

    private void Count(ReadOnlySpan<long> slots, int row, int offset)
    {
        foreach (var expert in slots)
        {
            _counts[row, offset + (int)expert]++;
        }
    }
}
