// The gradients of the experts, given dy = ∂loss/∂y. With e the expert, n the token and s the slot of position p:
//   expert_hidden_gradient   u[p, g]       = Σ_d dy[n, d] · down[e, g, d]
//                            by_gate[s]    = Σ_g u[p, g] · hidden[p, g]
//                            by_raw[p, g]  = gate[s] · u[p, g] · slopes[p, g], or hidden[p, g] > 0 ? gate[s] · u[p, g] : 0
//                            gated[p, g]   = gate[s] · hidden[p, g]
//   expert_weight_gradient   by_up[e, g, d]   = Σ_{p of e} by_raw[p, g] · x[n, d]
//                            by_down[e, g, d] = Σ_{p of e} gated[p, g] · dy[n, d]
//   expert_bias_gradient     by_bias[e, g]    = Σ_{p of e} by_raw[p, g]
//   sum_parts                out[i] = Σ_part parts[part, i]
// The gradient by x is expert_down and sum_choices over by_raw and up (expert_forward.cu). Layouts as there; x, dy [N, xs],
// weights [E, G, xs], hidden, slopes (or null), by_raw, gated [S, hs]; by_up, by_down [E, G, D] float32. Nothing is added
// atomically.
#include "expert_tiles.cuh"

// A block owns a tile's positions and all of G, so that the gates' gradient is whole: it goes through the columns.
template <class Tile> DEVICE void expert_hidden_gradient(
    const typename Tile::Element* dy, const typename Tile::Element* down, const typename Tile::Element* hidden,
    const typename Tile::Element* slopes, const float* gates, typename Tile::Element* by_raw,
    typename Tile::Element* gated, float* by_gate, const int* slots, TileList list, int active, int expert_size,
    int dy_stride, int hidden_stride)
{
    typedef typename Tile::Element Element;
    SHARED(Element, shared);
    int* row_slots = (int*)(shared + stages_size<Tile, ALONG_DEPTH, ALONG_DEPTH>);
    float* row_sums = (float*)(row_slots + Tile::ROWS);   // [ROWS, ROW_PARTS]
    RowTile rows;
    int none;
    if (!find_tile<Tile>(list, Tile::COLUMNS, rows, none)) return;
    load_slots<Tile>(row_slots, slots, rows);
    barrier();

    auto token_row = [&](int r) { return row_slots[r] < 0 ? nullptr : dy + element(row_slots[r] / active, dy_stride); };
    const Element* weights = down + element((Index)rows.expert * expert_size, dy_stride);

    for (int first = 0; first < hidden_stride; first += Tile::COLUMNS)
    {
        auto neuron_row = [&](int r)
        {
            return first + r < expert_size ? weights + element(first + r, dy_stride) : nullptr;
        };
        if (first > 0 && !MUTANT(no_trailing_barrier)) barrier();   // the stages are read no longer
        Tile tile;
        multiply_tile<Tile, ALONG_DEPTH, ALONG_DEPTH>(
            tile, shared, operand(token_row, dy, 0, 0), operand(neuron_row, down, 0, 0), dy_stride);
        float sums[Tile::ROWS_A_THREAD] = {};

        // store: the slope, the gate, and what the gate's gradient adds up from
        tile.visit([&](int i, int row, int column, float one, float two)
        {
            const int slot = row_slots[row], g = first + column;
            if (slot < 0) return;
            const Index at = element(rows.first + row, hidden_stride);
            const float gate = gates[slot];
            const Pair h = load_pair(hidden + at, g, hidden_stride);
            sums[i] += one * h.first + two * h.second;
            store_pair(gated + at, g, hidden_stride, gate * h.first, gate * h.second);
            one *= gate, two *= gate;
            if (slopes == nullptr)
            {
                if (!(h.first > 0 || MUTANT(no_relu_mask))) one = 0;
                if (!(h.second > 0 || MUTANT(no_relu_mask))) two = 0;
            }
            else if (!MUTANT(no_slope))
            {
                const Pair slope = load_pair(slopes + at, g, hidden_stride);
                one *= slope.first, two *= slope.second;
            }
            store_pair(by_raw + at, g, hidden_stride, one, two);
        });

        // the gates' gradient: over the threads of a row now, for the next columns need the registers
#pragma unroll
        for (int i = 0; i < Tile::ROWS_A_THREAD; i++)
        {
            const float sum = Tile::sum_of_row(sums[i]);
            float* place = row_sums + Tile::row_of(i) * Tile::ROW_PARTS + Tile::row_part();
            if (Tile::writes_row()) *place = first == 0 || MUTANT(keeps_last_columns) ? sum : *place + sum;
        }
    }

    // then over the warps that share a row
    if (!MUTANT(no_row_sum_barrier)) barrier();
    for (int row = thread_index; row < Tile::ROWS; row += Tile::THREADS)
    {
        float sum = 0;
        for (int part = 0; part < Tile::ROW_PARTS; part++) sum += row_sums[row * Tile::ROW_PARTS + part];
        if (row_slots[row] >= 0) by_gate[row_slots[row]] = sum;
    }
}

// A block owns ROWS neurons of one expert, COLUMNS of d_model, one of the two matrices and one part of the expert's
// positions (offsets as of routing.cu). Blocks: matrix, then part, then expert, then neurons, then columns (fastest).
template <class Tile> DEVICE void expert_weight_gradient(
    const typename Tile::Element* by_raw, const typename Tile::Element* gated, const typename Tile::Element* x,
    const typename Tile::Element* dy, float* by_up, float* by_down, const int* slots, const int* offsets,
    int experts, int chunks, int active, int expert_size, int model_size, int x_stride, int hidden_stride, int parts)
{
    typedef typename Tile::Element Element;
    SHARED(Element, shared);
    const int across = ceil_div(model_size, Tile::COLUMNS), along = ceil_div(expert_size, Tile::ROWS);
    const int first_column = block_index % across * Tile::COLUMNS;
    const int first_row = block_index / across % along * Tile::ROWS;
    const int rest = block_index / across / along, expert = rest % experts, part = rest / experts % parts;
    const bool is_up = rest / experts / parts == 0;

    // this part's positions: whole steps, so that parts do not cut one
    const int start = offsets[expert * chunks], count = offsets[(expert + 1) * chunks] - start;
    const int length = ceil_div(ceil_div(count, parts), Tile::DEPTH) * Tile::DEPTH;
    const int begin = least(part * length, count), end = least(begin + length, count);
    const int depth = MUTANT(drops_last_part) && parts > 1 && part == parts - 1 ? 0 : end - begin;

    const Element* left = (is_up ? by_raw : gated) + element(start + begin, hidden_stride);
    const Element* right = is_up ? x : dy;
    const int* part_slots = slots + start + begin;
    auto left_row = [&](int k) { return left + element(k, hidden_stride); };
    auto right_row = [&](int k) { return right + element(part_slots[k] / active, x_stride); };
    Tile tile;
    multiply_tile<Tile, ACROSS_DEPTH, ACROSS_DEPTH>(
        tile, shared, operand(left_row, by_raw, first_row, hidden_stride),
        operand(right_row, right, first_column, x_stride), depth);

    float* out = (is_up ? by_up : by_down) + (Index)(part * experts + expert) * expert_size * model_size;
    tile.visit([&](int, int row, int column, float one, float two)
    {
        if (first_row + row < expert_size || MUTANT(reads_next_expert))
            store_pair(out + element(first_row + row, model_size), first_column + column, model_size, one, two);
    });
}

#define EXPERT_BACKWARD(suffix, threads, ...) \
    KERNEL(threads) expert_hidden_gradient_##suffix( \
        const __VA_ARGS__::Element* dy, const __VA_ARGS__::Element* down, const __VA_ARGS__::Element* hidden, \
        const __VA_ARGS__::Element* slopes, const float* gates, __VA_ARGS__::Element* by_raw, \
        __VA_ARGS__::Element* gated, float* by_gate, const int* slots, const RowTile* tiles, const int* tile_count, \
        int active, int expert_size, int dy_stride, int hidden_stride) \
    { \
        expert_hidden_gradient<__VA_ARGS__>( \
            dy, down, hidden, slopes, gates, by_raw, gated, by_gate, slots, {tiles, tile_count}, active, expert_size, \
            dy_stride, hidden_stride); \
    } \
    KERNEL(threads) expert_weight_gradient_##suffix( \
        const __VA_ARGS__::Element* by_raw, const __VA_ARGS__::Element* gated, const __VA_ARGS__::Element* x, \
        const __VA_ARGS__::Element* dy, float* by_up, float* by_down, const int* slots, const int* offsets, \
        int experts, int chunks, int active, int expert_size, int model_size, int x_stride, int hidden_stride, \
        int parts) \
    { \
        expert_weight_gradient<__VA_ARGS__>( \
            by_raw, gated, x, dy, by_up, by_down, slots, offsets, experts, chunks, active, expert_size, model_size, \
            x_stride, hidden_stride, parts); \
    }

#include "expert_instances.cuh"
EXPERT_INSTANCES(EXPERT_BACKWARD)

// A block owns 32 neurons of one expert; eight threads a neuron take turns at its positions, then add in a fixed order.
template <class Element> DEVICE void bias_gradient(
    const Element* by_raw, float* by_bias, const int* offsets, int chunks, int expert_size, int hidden_stride)
{
    SHARED(float, sums);                                  // [8, 32]
    const int across = ceil_div(expert_size, 32), expert = block_index / across;
    const int g = block_index % across * 32 + thread_index % 32, turn = thread_index / 32;
    float sum = 0;
    if (g < expert_size)
        for (int p = offsets[expert * chunks] + turn; p < offsets[(expert + 1) * chunks]; p += 8)
            sum += widened(by_raw[element(p, hidden_stride) + g]);
    sums[thread_index] = sum;
    barrier();
    if (turn != 0 || g >= expert_size) return;
    for (int other = 1; other < 8; other++) sum += sums[other * 32 + thread_index];
    by_bias[(Index)expert * expert_size + g] = sum;
}

#if HAS_BF16
KERNEL(256) expert_bias_gradient_bf16(
    const bf16* by_raw, float* by_bias, const int* offsets, int chunks, int expert_size, int hidden_stride)
{
    bias_gradient(by_raw, by_bias, offsets, chunks, expert_size, hidden_stride);
}
#endif

#if HAS_F16 || HAS_F16_FLAT
KERNEL(256) expert_bias_gradient_f16(
    const f16* by_raw, float* by_bias, const int* offsets, int chunks, int expert_size, int hidden_stride)
{
    bias_gradient(by_raw, by_bias, offsets, chunks, expert_size, hidden_stride);
}
#endif

#if HAS_FLOAT || HAS_TF32
KERNEL(256) expert_bias_gradient_float(
    const float* by_raw, float* by_bias, const int* offsets, int chunks, int expert_size, int hidden_stride)
{
    bias_gradient(by_raw, by_bias, offsets, chunks, expert_size, hidden_stride);
}
#endif

// Adds up what blocks of different parts left, in the order of the parts.
KERNEL(256) sum_parts(const float* parts, float* out, int count, Index size)
{
    for (Index i = (Index)block_index * 256 + thread_index; i < size; i += (Index)block_count * 256)
    {
        float sum = parts[i];
        for (int part = 1; part < count; part++) sum += parts[part * size + i];
        out[i] = sum;
    }
}
