// The two layers of the experts, forward. With e the expert and n the token of sorted position p:
//   expert_up    hidden[p, g] = relu(Σ_d x[n, d] · up[e, g, d] + bias[e, g]), or the raw number without relu
//   activate     slopes[p, g] = mask[s, g] · φ′(hidden[p, g]), hidden[p, g] = mask[s, g] · φ(hidden[p, g])
//   expert_down  part[s, d] = weight(s) · Σ_g hidden[p, g] · down[e, g, d], s = n · K + k the slot of p
//   sum_choices  y[n, d]    = Σ_k part[n · K + k, d]
// Layouts: x [N, xs], up and down [E, G, xs], hidden [S, hs] with S = N · K; xs ≥ D and hs ≥ G are lengths of rows, for
// bf16 and f16 multiples of 8 and for tf32 of 4, whose surplus is 0. y [N, D] float32, bias [E, G] float32, mask [S, G] and
// gates [S] float32 by slot n · K + k; slopes as hidden. Bias, mask and slopes may be null: slopes where there is no backward
// pass, which relu without a mask needs none for either, as there hidden is above 0 where its slope is 1.
// A block owns one tile: up to ROWS positions of one expert, COLUMNS of the output's columns. expert_down and sum_choices
// are launched once for each chunk of tokens, over the tiles of that chunk: part holds one chunk's rows only, from slot
// first_slot on, few enough to stay in the second-level cache. So the sum over K needs neither atomics nor a tensor of
// N · K rows of d_model. They serve the gradient by x as well, Σ_k Σ_g by_raw[p, g] · up[e, g, d]: there weight(s) = 1,
// gates is null.
#include "activations.cuh"
#include "expert_tiles.cuh"

template <class Tile> DEVICE void expert_up(
    const typename Tile::Element* x, const typename Tile::Element* up, const float* bias,
    typename Tile::Element* hidden, const int* slots, TileList list, int active, int expert_size, int x_stride,
    int hidden_stride, int is_raw)
{
    typedef typename Tile::Element Element;
    SHARED(Element, shared);
    int* row_slots = (int*)(shared + stages_size<Tile, ALONG_DEPTH, ALONG_DEPTH>);
    RowTile rows;
    int first;
    if (!find_tile<Tile>(list, hidden_stride, rows, first)) return;
    load_slots<Tile>(row_slots, slots, rows);
    barrier();

    // multiply: gathered tokens by the expert's neurons, both along d
    auto token_row = [&](int r) { return row_slots[r] < 0 ? nullptr : x + element(row_slots[r] / active, x_stride); };
    const Element* weights = up + element((Index)rows.expert * expert_size, x_stride);
    auto neuron_row = [&](int r) { return first + r < expert_size ? weights + element(first + r, x_stride) : nullptr; };
    Tile tile;
    multiply_tile<Tile, ALONG_DEPTH, ALONG_DEPTH>(
        tile, shared, operand(token_row, x, 0, 0), operand(neuron_row, up, 0, 0), x_stride);

    // store: bias and relu; columns between G and the stride become 0. Not-a-number stays what it is.
    tile.visit([&](int, int row, int column, float one, float two)
    {
        const int g = first + column, p = rows.first + row;
        if (p >= rows.end && !MUTANT(no_store_bound)) return;
        if (bias != nullptr && g < expert_size) one += bias[(Index)rows.expert * expert_size + g];
        if (bias != nullptr && g + 1 < expert_size) two += bias[(Index)rows.expert * expert_size + g + 1];
        if (one < 0 && !is_raw) one = 0;
        if (two < 0 && !is_raw) two = 0;
        store_pair(hidden + element(p, hidden_stride), g, hidden_stride, one, two);
    });
}

template <class Tile> DEVICE void expert_down(
    const typename Tile::Element* hidden, const typename Tile::Element* down, const float* gates,
    typename Tile::Element* part, const int* slots, TileList list, int expert_size, int down_stride, int hidden_stride,
    int first_slot)
{
    typedef typename Tile::Element Element;
    SHARED(Element, shared);
    int* row_slots = (int*)(shared + stages_size<Tile, ALONG_DEPTH, ACROSS_DEPTH>);
    RowTile rows;
    int first;
    if (!find_tile<Tile>(list, down_stride, rows, first)) return;
    load_slots<Tile>(row_slots, slots, rows);

    // multiply: hidden vectors along g by the expert's neurons, whose rows lie across g
    auto hidden_row = [&](int r)
    {
        return rows.first + r < rows.end ? hidden + element(rows.first + r, hidden_stride) : nullptr;
    };
    const Element* weights = down + element((Index)rows.expert * expert_size, down_stride);
    auto neuron_row = [&](int g) { return g < expert_size ? weights + element(g, down_stride) : nullptr; };
    Tile tile;
    multiply_tile<Tile, ALONG_DEPTH, ACROSS_DEPTH>(
        tile, shared, operand(hidden_row, hidden, 0, 0), operand(neuron_row, down, first, down_stride), hidden_stride);

    // store: weigh; every slot has a row of its own
    tile.visit([&](int, int row, int column, float one, float two)
    {
        const int slot = row_slots[row];
        if (slot < 0) return;
        const float weight = gates == nullptr || MUTANT(no_gate) ? 1 : gates[slot];
        Element* target = part + element(slot - (MUTANT(wrong_chunk) ? 0 : first_slot), down_stride);
        store_pair(target, first + column, down_stride, weight * one, weight * two);
    });
}

// A thread owns a pair of columns of one position. Surplus columns stay 0, for φ(0) is.
template <class Element> DEVICE void activate(
    Element* hidden, Element* slopes, const float* mask, const int* slots, Index positions, int expert_size,
    int hidden_stride, int activation)
{
    const int across = ceil_div(hidden_stride, 2);
    for (Index i = (Index)block_index * 256 + thread_index; i < positions * across; i += (Index)block_count * 256)
    {
        const Index p = i / across;
        const int g = (int)(i % across) * 2;
        const Pair raw = load_pair(hidden + element(p, hidden_stride), g, hidden_stride);
        Activated first = activated(activation, raw.first), second = activated(activation, raw.second);
        if (mask != nullptr && !MUTANT(no_mask))
        {
            const float* factors = mask + element(MUTANT(mask_by_position) ? (int)p : slots[p], expert_size);
            if (g < expert_size) first.value *= factors[g], first.slope *= factors[g];
            if (g + 1 < expert_size) second.value *= factors[g + 1], second.slope *= factors[g + 1];
        }
        store_pair(hidden + element(p, hidden_stride), g, hidden_stride, first.value, second.value);
        if (slopes == nullptr) continue;
        store_pair(slopes + element(p, hidden_stride), g, hidden_stride, first.slope, second.slope);
    }
}

// A thread owns a pair of columns of one token. The rows of a token's choices are neighbours.
template <class Element> DEVICE void sum_choices(
    const Element* part, float* y, int tokens, int active, int model_size, int stride)
{
    const int across = ceil_div(model_size, 2);
    for (Index i = (Index)block_index * 256 + thread_index; i < (Index)tokens * across; i += (Index)block_count * 256)
    {
        const Index token = i / across;
        const int column = (int)(i % across) * 2;
        float first = 0, second = 0;
        for (int k = 0; k < active - (MUTANT(drops_last_choice) ? 1 : 0); k++)
        {
            const Pair pair = load_pair(part + element(token * active + k, stride), column, stride);
            first += pair.first, second += pair.second;
        }
        store_pair(y + element(token, model_size), column, model_size, first, second);
    }
}

#define EXPERT_FORWARD(suffix, threads, ...) \
    KERNEL(threads) expert_up_##suffix( \
        const __VA_ARGS__::Element* x, const __VA_ARGS__::Element* up, const float* bias, \
        __VA_ARGS__::Element* hidden, const int* slots, const RowTile* tiles, const int* tile_count, int active, \
        int expert_size, int x_stride, int hidden_stride, int is_raw) \
    { \
        expert_up<__VA_ARGS__>( \
            x, up, bias, hidden, slots, {tiles, tile_count}, active, expert_size, x_stride, hidden_stride, is_raw); \
    } \
    KERNEL(threads) expert_down_##suffix( \
        const __VA_ARGS__::Element* hidden, const __VA_ARGS__::Element* down, const float* gates, \
        __VA_ARGS__::Element* part, const int* slots, const RowTile* tiles, const int* tile_count, int expert_size, \
        int down_stride, int hidden_stride, int first_slot) \
    { \
        expert_down<__VA_ARGS__>( \
            hidden, down, gates, part, slots, {tiles, tile_count}, expert_size, down_stride, hidden_stride, first_slot); \
    }

#include "expert_instances.cuh"
EXPERT_INSTANCES(EXPERT_FORWARD)

#if HAS_BF16
KERNEL(256) activate_bf16(
    bf16* hidden, bf16* slopes, const float* mask, const int* slots, Index positions, int expert_size, int hidden_stride,
    int activation)
{
    activate(hidden, slopes, mask, slots, positions, expert_size, hidden_stride, activation);
}
KERNEL(256) sum_choices_bf16(const bf16* part, float* y, int tokens, int active, int model_size, int stride)
{
    sum_choices(part, y, tokens, active, model_size, stride);
}
#endif

#if HAS_F16 || HAS_F16_FLAT
KERNEL(256) activate_f16(
    f16* hidden, f16* slopes, const float* mask, const int* slots, Index positions, int expert_size, int hidden_stride,
    int activation)
{
    activate(hidden, slopes, mask, slots, positions, expert_size, hidden_stride, activation);
}
KERNEL(256) sum_choices_f16(const f16* part, float* y, int tokens, int active, int model_size, int stride)
{
    sum_choices(part, y, tokens, active, model_size, stride);
}
#endif

#if HAS_FLOAT || HAS_TF32
KERNEL(256) activate_float(
    float* hidden, float* slopes, const float* mask, const int* slots, Index positions, int expert_size, int hidden_stride,
    int activation)
{
    activate(hidden, slopes, mask, slots, positions, expert_size, hidden_stride, activation);
}
KERNEL(256) sum_choices_float(const float* part, float* y, int tokens, int active, int model_size, int stride)
{
    sum_choices(part, y, tokens, active, model_size, stride);
}
#endif
