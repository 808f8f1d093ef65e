// From router logits to tiles of tokens sorted by expert, without a number ever going back to the host. With logits l:
//   route_*        for each token the K experts of the largest score, and their weights:
//                    sigmoid         score = weight = σ(l_e)
//                    softmax         score = weight = exp(l_e) / Σ_j exp(l_j)
//                    softmax_chosen  score = l_e, weight = softmax of the K chosen logits
//                  An expert whose drawn number is below δ is dropped: score 0 (softmax_chosen: −∞, and where it is
//                  chosen all the same, its logit weighs it), not rescaled. Where scores are given, they choose
//                  instead, a dropped expert's counts as −∞, and weights are those of the formula without dropping: a
//                  bias for each expert, Sinkhorn's iteration. Noise on logits that also weigh is noise in l.
//                  Equal scores: the lower number first. Not-a-number counts as the largest, so that it is seen.
//   route_gradient_*  by_logits[n, e] of the weights' gradient: sigmoid w · (1 − w) · dw for chosen experts; softmax
//                  w_e dw_e (chosen) − p_e Σ_k w_k dw_k; softmax_chosen w_e (dw_e − Σ_k w_k dw_k) (chosen); else 0
//   count_choices  how many tokens of each block of 128 chose expert e, where the choices are given
//   scan_counts    offsets[e · C + c]: where expert e's slots of chunk c begin in sorted order; before: where within that
//                  bin those of each block begin. A chunk is a stretch of tokens, whole blocks of them.
//   place_slots    slots[position] = n · K + k: sorted by expert, then token; stable, so always the same
//   list_tiles     list 0: tiles of at most `rows` positions of one expert; list 1 + c: the same within chunk c
// Layouts: logits, scores, drawn [N, E] float32; choices [N, K] int64, as libtorch has them, chosen the same in int32, weights
// [N, K] float32; counts, before [blocks, E]; offsets [E · C + 1]; slots [N · K]; tiles [1 + C, capacity], tile_counts [1 + C], starts [1 + C, E + 1]. N · K < 2^31.
#include "expert_tiles.cuh"

constexpr int BLOCK_TOKENS = 128, ROUTE_THREADS = 512, SCAN_THREADS = 1024;
enum Scoring { SIGMOID, SOFTMAX, SOFTMAX_CHOSEN };

// Order of choices: by score, not-a-number first, then by number. The low half breaks ties, so that no two are equal.
DEVICE long long rank(float score, int expert)
{
    union { float value; int bits; } both = {score};
    const int order = score != score ? 0x7fffffff : both.bits < 0 ? both.bits ^ 0x7fffffff : both.bits;
    return ((long long)order << 32) | (word)(0x7fffffff - expert);
}

template <class T> DEVICE T warp_largest(T value)
{
    for (int mask = 16; mask > 0; mask /= 2)
    {
        const T other = shuffle_xor(value, mask);
        if (other > value) value = other;
    }
    return value;
}

// One warp, one token. Experts of a token are chosen one by one: the largest that comes after the one before.
template <Scoring SCORING> DEVICE void choose_experts(
    const float* logits, const float* scores, const float* drawn, float dropout, int experts, int active, int* chosen,
    float* weights)
{
    const int lane = thread_index % 32;
    const float infinity = bits_to_float(0x7f800000);
    float largest = -infinity, total = 0;
    if (SCORING == SOFTMAX)
    {
        for (int e = lane; e < experts; e += 32) largest = logits[e] > largest ? logits[e] : largest;
        largest = warp_largest(largest);
        for (int e = lane; e < experts; e += 32) total += expf(logits[e] - largest);
        total = warp_sum(total);
    }

    auto value = [&](int e)
    {
        if (SCORING == SIGMOID) return 1 / (1 + expf(-logits[e]));
        return SCORING == SOFTMAX ? expf(logits[e] - largest) / total : logits[e];
    };
    const bool only_chooses = SCORING == SOFTMAX_CHOSEN || (scores != nullptr && !MUTANT(weighs_by_score));
    auto score = [&](int e)
    {
        if (drawn != nullptr && drawn[e] < dropout) return only_chooses ? -infinity : 0;
        return scores != nullptr ? scores[e] : value(e);
    };

    long long last = 0x7fffffffffffffffLL;
    for (int k = 0; k < active; k++)
    {
        long long best = (long long)0x8000000000000000ULL;
        for (int e = lane; e < experts; e += 32)
        {
            const long long place = rank(score(e), e);
            if (place < last && place > best) best = place;
        }
        last = warp_largest(best);
        const int expert = 0x7fffffff - (int)(last & 0x7fffffff);
        const float weight = only_chooses ? value(expert) : score(expert);
        if (SCORING == SOFTMAX_CHOSEN && !(weight <= largest)) largest = weight;
        if (lane == k % 32) chosen[k] = expert, weights[k] = weight;
    }
    if (SCORING == SOFTMAX_CHOSEN)
    {
        for (int k = lane; k < active; k += 32) total += weights[k] = expf(weights[k] - largest);
        total = warp_sum(total);
        for (int k = lane; k < active; k += 32) weights[k] /= total;
    }
}

// Counts one block's choices, held in shared memory. A thread owns its experts: nothing is added atomically.
DEVICE void count_block(const int* chosen, int choices, int experts, int* counts)
{
    for (int expert = thread_index; expert < experts; expert += ROUTE_THREADS)
    {
        int count = 0;
        for (int i = 0; i < choices; i++) count += chosen[i] == expert;
        counts[(Index)block_index * experts + expert] = count;
    }
}

template <Scoring SCORING> DEVICE void route(
    const float* logits, const float* scores, const float* drawn, float dropout, int tokens, int experts, int active,
    long long* choices, int* chosen, float* weights, int* counts)
{
    SHARED(int, local);                                   // [BLOCK_TOKENS, K]
    const int first = block_index * BLOCK_TOKENS;
    const int here = MUTANT(no_token_bound) ? BLOCK_TOKENS : least(BLOCK_TOKENS, tokens - first);
    for (int t = thread_index / 32; t < here; t += ROUTE_THREADS / 32)
    {
        const Index row = element(first + t, experts), slot = element(first + t, active);
        choose_experts<SCORING>(
            logits + row, scores == nullptr ? nullptr : scores + row, drawn == nullptr ? nullptr : drawn + row, dropout,
            experts, active, local + t * active, weights + slot);
    }
    if (!MUTANT(no_choice_barrier)) barrier();
    for (int i = thread_index; i < here * active; i += ROUTE_THREADS)
    {
        const Index slot = element(first, active) + i;
        choices[slot] = chosen[slot] = local[i];
    }
    count_block(local, here * active, experts, counts);
}

// One warp, one token. Each expert is chosen at most once, so every logit is written once.
template <Scoring SCORING> DEVICE void route_gradient(
    const float* logits, const int* chosen, const float* weights, const float* by_weights, float* by_logits, int tokens,
    int experts, int active)
{
    const Index n = (Index)block_index * 8 + thread_index / 32;
    if (n >= tokens) return;
    const float* row = logits + n * experts;
    const Index slot = n * active;
    float largest = row[0], total = 0, weighed = 0;
    for (int k = 0; k < active; k++) weighed += weights[slot + k] * by_weights[slot + k];
    if (SCORING == SOFTMAX)
    {
        for (int e = 1; e < experts; e++) largest = row[e] > largest ? row[e] : largest;
        for (int e = thread_index % 32; e < experts; e += 32) total += expf(row[e] - largest);
        total = warp_sum(total);
    }
    for (int e = thread_index % 32; e < experts; e += 32)
    {
        float sum = SCORING == SOFTMAX ? -expf(row[e] - largest) / total * weighed : 0;
        for (int k = 0; k < active; k++)
        {
            const float w = weights[slot + k], dw = by_weights[slot + k];
            if (chosen[slot + k] != e) continue;
            sum += SCORING == SIGMOID ? w * (1 - w) * dw : SCORING == SOFTMAX ? w * dw : w * (dw - weighed);
        }
        by_logits[n * experts + e] = sum;
    }
}

#define ROUTE(name, scoring) \
    KERNEL(ROUTE_THREADS) route_##name( \
        const float* logits, const float* scores, const float* drawn, float dropout, int tokens, int experts, \
        int active, long long* choices, int* chosen, float* weights, int* counts) \
    { \
        route<scoring>(logits, scores, drawn, dropout, tokens, experts, active, choices, chosen, weights, counts); \
    } \
    KERNEL(256) route_gradient_##name( \
        const float* logits, const int* chosen, const float* weights, const float* by_weights, float* by_logits, \
        int tokens, int experts, int active) \
    { \
        route_gradient<scoring>(logits, chosen, weights, by_weights, by_logits, tokens, experts, active); \
    }

ROUTE(sigmoid, SIGMOID)
ROUTE(softmax, SOFTMAX)
ROUTE(softmax_chosen, SOFTMAX_CHOSEN)

KERNEL(ROUTE_THREADS) count_choices(
    const long long* choices, int tokens, int experts, int active, int* chosen, int* counts)
{
    SHARED(int, local);
    const int first = block_index * BLOCK_TOKENS;
    const int here = MUTANT(no_token_bound) ? BLOCK_TOKENS : least(BLOCK_TOKENS, tokens - first);
    for (int i = thread_index; i < here * active; i += ROUTE_THREADS)
    {
        const Index slot = element(first, active) + i;
        chosen[slot] = local[i] = (int)choices[slot];
    }
    if (!MUTANT(no_choice_barrier)) barrier();
    count_block(local, here * active, experts, counts);
}

// Sums before each of `count` numbers, by one block; returns the sum of all to every thread. `sums` holds 32 numbers.
template <class Value, class Store> DEVICE int scan(int count, int* sums, Value value, Store store)
{
    const int lane = thread_index % 32, warp = thread_index / 32;
    int carry = 0;
    for (int first = 0; first < count; first += SCAN_THREADS)
    {
        const int i = first + thread_index, mine = i < count ? value(i) : 0;
        int upTo = mine;                                  // including this one, within the warp
        for (int distance = 1; distance < 32; distance *= 2)
        {
            const int other = shuffle_up(upTo, distance);
            if (lane >= distance) upTo += other;
        }
        if (lane == 31) sums[warp] = upTo;
        if (!MUTANT(no_scan_barrier)) barrier();
        int before = carry;
        for (int other = 0; other < SCAN_THREADS / 32; other++)
        {
            if (other < warp) before += sums[other];
            if (!MUTANT(no_carry)) carry += sums[other];
        }
        if (i < count) store(i, before + upTo - mine);
        barrier();                                        // the sums are read: the next round may write
    }
    return carry;
}

// One block; a thread owns its bins. Eight counts are read before the first sum is written: reads wait for no other.
KERNEL(SCAN_THREADS) scan_counts(
    const int* counts, int blocks, int experts, int chunk_blocks, int* before, int* offsets)
{
    SHARED(int, sums);
    const int chunks = ceil_div(blocks, chunk_blocks);
    auto total = [&](int bin)
    {
        const int expert = bin / chunks, begin = bin % chunks * chunk_blocks, end = least(begin + chunk_blocks, blocks);
        int sum = 0;
        for (int block = begin; block < end; block += 8)
        {
            int seen[8];
#pragma unroll
            for (int i = 0; i < 8; i++) seen[i] = block + i < end ? counts[(Index)(block + i) * experts + expert] : 0;
#pragma unroll
            for (int i = 0; i < 8; i++)
            {
                if (block + i < end) before[(Index)(block + i) * experts + expert] = sum;
                sum += seen[i];
            }
        }
        return sum;
    };
    const int all = scan(experts * chunks, sums, total, [&](int bin, int start) { offsets[bin] = start; });
    if (thread_index == 0) offsets[experts * chunks] = all;
}

KERNEL(ROUTE_THREADS) place_slots(
    const int* chosen, const int* before, const int* offsets, int tokens, int experts, int active, int chunk_blocks,
    int* slots)
{
    SHARED(int, local);
    const int first = block_index * BLOCK_TOKENS, choices = least(BLOCK_TOKENS, tokens - first) * active;
    const int chunks = ceil_div(block_count, chunk_blocks), chunk = block_index / chunk_blocks;
    for (int i = thread_index; i < choices; i += ROUTE_THREADS) local[i] = chosen[element(first, active) + i];
    if (!MUTANT(no_choice_barrier)) barrier();
    for (int expert = thread_index; expert < experts; expert += ROUTE_THREADS)
    {
        int position = offsets[expert * chunks + chunk] + before[(Index)block_index * experts + expert];
        for (int i = 0; i < choices; i++)
            if (local[i] == expert) slots[position++] = first * active + i;
    }
}

// Block 0 lists the tiles of whole experts, block 1 + c those of chunk c.
KERNEL(SCAN_THREADS) list_tiles(
    const int* offsets, int experts, int chunks, int rows, int capacity, int* starts, RowTile* tiles, int* tile_counts)
{
    SHARED(int, sums);
    const int list = block_index;
    int* start = starts + (Index)list * (experts + 1);
    RowTile* mine = tiles + (Index)list * capacity;
    auto begin = [&](int e) { return offsets[e * chunks + (list == 0 ? 0 : list - 1)]; };
    auto end = [&](int e) { return offsets[e * chunks + (list == 0 ? chunks : list)]; };
    auto tiles_of = [&](int e) { return ceil_div(end(e) - begin(e), rows); };
    const int count = scan(experts, sums, tiles_of, [&](int e, int before) { start[e] = before; });
    if (thread_index == 0) tile_counts[list] = count;

    for (int t = thread_index; t < count; t += SCAN_THREADS)
    {
        int expert = 0, above = experts;                  // the last expert that starts at or before tile t
        while (above - expert > 1)
        {
            const int middle = (expert + above) / 2;
            if (start[middle] <= t) expert = middle;
            else above = middle;
        }
        const int first = begin(expert) + (t - start[expert]) * rows;
        mine[t] = {expert, first, MUTANT(wrong_tile_end) ? first + rows : least(first + rows, end(expert)), 0};
    }
}
