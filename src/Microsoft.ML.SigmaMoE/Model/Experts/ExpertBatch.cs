using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Tokens sorted by expert, once, for both matrices and both directions. A slot is one token at one of its experts:
/// slot s = n · K + k is choice k of token n. Slots of one expert stand together, in the order of their tokens.
/// </summary>
/// <remarks>
/// Sorting is done on the host when its result is first asked for: a backend that sorts on the device never waits for
/// it. Tensors are made anew for each who asks, in the dispose scope that is open then.
/// </remarks>
internal sealed class ExpertBatch
{
    private readonly Lazy<Order> _order;

    private ExpertBatch(Tensor experts, long expertCount, CountedChoices? counted)
    {
        (Experts, ExpertCount, Active, Counted) = (experts, (int)expertCount, (int)experts.size(1), counted);
        _order = new(() => Order.Of(experts, (int)expertCount));
    }

    /// <summary>Gets the choices, [tokens, K], int64.</summary>
    public Tensor Experts { get; }

    /// <summary>Gets the number of experts.</summary>
    public int ExpertCount { get; }

    /// <summary>Gets K.</summary>
    public int Active { get; }

    /// <summary>Gets the same choices as a router's kernel left them, or null where none made them.</summary>
    public CountedChoices? Counted { get; }

    /// <summary>Gets [experts + 1]: expert e owns the sorted positions from Offsets[e] up to Offsets[e + 1].</summary>
    public int[] Offsets => _order.Value.Offsets;

    /// <summary>Gets whether any token was sent to an expert.</summary>
    public bool HasTokens(int expert) => Offsets[expert] < Offsets[expert + 1];

    /// <summary>
    /// Gets [tokens · K]: the slot at each sorted position, ascending within an expert. Slot / K is its token.
    /// </summary>
    public int[] SlotOrder => _order.Value.Slots;

    /// <summary>Makes a tensor of <see cref="SlotOrder"/>, int64.</summary>
    public Tensor MakeSlots(Device device) => from_array(SlotOrder).to(ScalarType.Int64, device);

    /// <summary>Makes a tensor of the token at each sorted position, int64.</summary>
    public Tensor MakeTokens(Device device) =>
        from_array(Array.ConvertAll(SlotOrder, slot => (long)(slot / Active))).to(device);

    /// <summary>Creates a batch.</summary>
    /// <param name="experts">[tokens, K], int64.</param>
    /// <param name="expertCount">E.</param>
    /// <param name="counted">The same choices as a router's kernel left them, or null.</param>
    public static ExpertBatch Create(Tensor experts, long expertCount, CountedChoices? counted = null) =>
        new(experts, expertCount, counted);

    private sealed record Order(int[] Offsets, int[] Slots)
    {
        // by counting: two passes over the choices, stable
        public static Order Of(Tensor experts, int expertCount)
        {
            using var local = experts.cpu().contiguous();
            var chosen = MemoryMarshal.Cast<byte, long>(local.bytes);
            var slots = new int[chosen.Length];
            var offsets = Offset(chosen, expertCount);
            var next = offsets.AsSpan().ToArray();
            for (var slot = 0; slot < chosen.Length; slot++)
            {
                slots[next[(int)chosen[slot]]++] = slot;
            }

            return new(offsets, slots);
        }
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
