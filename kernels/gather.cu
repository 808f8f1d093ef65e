// Weighted sums of gathered rows, the values of a product-key memory, and both gradients.
//   gather_sum   y[n, d]         = Σ_j weight[n, j] · values[chosen[n, j], d]
//   gather_dots  by_weight[n, j] = Σ_d dy[n, d] · values[chosen[n, j], d]
//   scatter_sum  by_values[v, d] = Σ_{slots n · J + j that chose v} weight[n, j] · dy[n, d]
// Layouts: chosen [N, J] int64, weight [N, J], values [V, D], y, dy [N, D], all float32, the values in bf16 or f16 where
// a kernel's name says so. scatter_sum reads the slots sorted by value, order [N · J] int64, and where each value's begin,
// offsets [V + 1] int64; within a value slots ascend, so that the sum is always the same. Values that nobody chose get
// 0. Nothing of size N · J · D exists.
#include "expert_tiles.cuh"

constexpr int GATHER_THREADS = 128, GATHER_COLUMNS = 4 * GATHER_THREADS;

// A block owns one token (or value) and GATHER_COLUMNS columns; a thread every 128th of them. Rows come in turn.
template <class Row, class Weight>
DEVICE void sum_rows(float* out, int first, int width, Index count, Row row, Weight weight)
{
    float sum[4] = {0, 0, 0, 0};
#pragma unroll 4
    for (Index j = 0; j < count; j++)
    {
        const auto* source = row(j);
        const float factor = weight(j);
#pragma unroll
        for (int i = 0; i < 4; i++)
        {
            const int d = first + thread_index + i * GATHER_THREADS;
            if (d < width || MUTANT(gather_past_width)) sum[i] += factor * widened(source[d]);
        }
    }
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
        const int d = first + thread_index + i * GATHER_THREADS;
        if (d < width) out[d] = sum[i];
    }
}

template <class T> DEVICE void sum_chosen(
    const long long* chosen, const float* weight, const T* values, float* y, int choices, int width)
{
    const int across = ceil_div(width, GATHER_COLUMNS);
    const Index n = block_index / across, slot = n * choices;
    sum_rows(y + n * width, block_index % across * GATHER_COLUMNS, width, choices,
        [&](Index j) { return values + (Index)chosen[slot + j] * width; }, [&](Index j) { return weight[slot + j]; });
}

KERNEL(GATHER_THREADS) scatter_sum(
    const long long* order, const long long* offsets, const float* weight, const float* dy, float* by_values,
    int choices, int width)
{
    const int across = ceil_div(width, GATHER_COLUMNS);
    const Index v = block_index / across, begin = offsets[v], end = offsets[v + 1];
    sum_rows(by_values + v * width, block_index % across * GATHER_COLUMNS, width, end - begin,
        [&](Index j) { return dy + (Index)(order[begin + j] / choices) * width; },
        [&](Index j) { return weight[order[begin + j]]; });
}

// One warp, one slot.
template <class T> DEVICE void dot_chosen(
    const long long* chosen, const T* values, const float* dy, float* by_weight, Index slots, int choices, int width)
{
    const Index slot = (Index)block_index * 8 + thread_index / 32;
    if (slot >= slots) return;
    const T* value = values + (Index)chosen[slot] * width;
    const float* gradient = dy + slot / choices * width;
    float sum = 0;
    for (int d = thread_index % 32; d < width; d += MUTANT(gather_skips_columns) ? 64 : 32)
        sum += widened(value[d]) * gradient[d];
    sum = warp_sum(sum);
    if (thread_index % 32 == 0) by_weight[slot] = sum;
}

#define GATHER_KERNELS(suffix, T) \
    KERNEL(GATHER_THREADS) gather_sum_##suffix( \
        const long long* chosen, const float* weight, const T* values, float* y, int choices, int width) \
    { \
        sum_chosen(chosen, weight, values, y, choices, width); \
    } \
    KERNEL(256) gather_dots_##suffix( \
        const long long* chosen, const T* values, const float* dy, float* by_weight, Index slots, int choices, int width) \
    { \
        dot_chosen(chosen, values, dy, by_weight, slots, choices, width); \
    }

GATHER_KERNELS(float, float)
GATHER_KERNELS(bf16, bf16)
GATHER_KERNELS(f16, f16)
