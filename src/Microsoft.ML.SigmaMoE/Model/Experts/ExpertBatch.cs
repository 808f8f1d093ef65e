using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Tokens sorted by expert, once, for both matrices and both directions. A slot is one token at one of its experts: slot
/// s = n · K + k is choice k of token n. Slots of one expert stand together, in the order of their tokens.
/// </summary>
/// <param name="Offsets">[experts + 1]: expert e owns the sorted positions from Offsets[e] up to Offsets[e + 1].</param>
/// <param name="SlotOrder">[tokens · K]: the slot at each sorted position.</param>
/// <param name="TokenOrder">[tokens · K]: the token at each sorted position; ascending within an expert.</param>
/// <param name="Slots"><paramref name="SlotOrder"/> as a tensor on the tokens' device, int64.</param>
/// <param name="Tokens"><paramref name="TokenOrder"/> as a tensor on the tokens' device, int64.</param>
internal sealed record ExpertBatch(int[] Offsets, long[] SlotOrder, long[] TokenOrder, Tensor Slots, Tensor Tokens)
{
    /// <summary>Gets the number of experts.</summary>
    public int ExpertCount => Offsets.Length - 1;

    /// <summary>Sorts by counting: two passes over the choices, stable.</summary>
    /// <param name="experts">[tokens, K], int64.</param>
    /// <param name="expertCount">E.</param>
    public static ExpertBatch Create(Tensor experts, long expertCount)
    {
        using var local = experts.cpu().contiguous();
        var chosen = MemoryMarshal.Cast<byte, long>(local.bytes);
        var (slots, tokens) = (new long[chosen.Length], new long[chosen.Length]);
        var offsets = Offset(chosen, (int)expertCount);
        var next = offsets.AsSpan().ToArray();
        var active = (int)experts.shape[1];
        for (var slot = 0; slot < chosen.Length; slot++)
        {
            var position = next[(int)chosen[slot]]++;
            (slots[position], tokens[position]) = (slot, slot / active);
        }

        var device = experts.device;
        return new(offsets, slots, tokens, from_array(slots).to(device), from_array(tokens).to(device));
    }

    private static int[] Offset(ReadOnlySpan<long> chosen, int expertCount)
    {
        var offsets = new int[expertCount + 1];
        foreach (var expert in chosen)
        {
            offsets[(int)expert + 1]++;
        }

        for (var expert = 0; expert < expertCount; expert++)
        {
            offsets[expert + 1] += offsets[expert];
        }

        return offsets;
    }
}
