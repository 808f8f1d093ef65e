// From router logits to tiles of tokens sorted by expert, without a number ever going back to the host. With logits l:
//   route_*        for each token the K experts of the largest score, and their weights:
//                    sigmoid         score = weight = σ(l_e)
//                    softmax         score = weight = exp(l_e) / Σ_j exp(l_j)
//                    softmax_chosen  score = l_e, weight = softmax over the K chosen
//                  An expert whose drawn number is below δ is dropped: score 0 (softmax_chosen: −∞), nothing is rescaled.
//                  Equal scores: the lower number first. Not-a-number counts as the largest, so that it is seen.
//   count_choices  how many tokens of each block of 128 chose expert e as choice k, where the choices are given
//   scan_counts    offsets[e · K + k]: where that bin begins in sorted order; counts become positions within the bin
//   place_slots    slots[position] = n · K + k: sorted by expert, then choice, then token; stable, so always the same
//   list_tiles     list 0: tiles of at most `rows` positions of one expert; list 1 + k: the same within choice k
// Layouts: logits, drawn [N, E] float32; experts, weights [N, K] int32 and float32; counts [blocks, E · K]; offsets
// [E · K + 1]; slots [N · K]; tiles [1 + K, capacity], tile_counts [1 + K], starts [1 + K, E + 1]. N · K < 2^31.
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

DEVICE long long warp_largest(long long value)
{
    for (int mask = 16; mask > 0; mask /= 2)
    {
        const long long other = shuffle_xor(value, mask);
        if (other > value) value = other;
    }
    return value;
}

// One warp, one token. Experts of a token are chosen one by one: the largest that comes after the one before.
template <Scoring SCORING> DEVICE void choose_experts(
    const float* logits, const float* drawn, float dropout, int experts, int active, int* chosen, float* weights)
{
    const int lane = thread_index % 32;
    const float infinity = bits_to_float(0x7f800000);
    float largest = -infinity, total = 0;
    if (SCORING == SOFTMAX)
    {
        for (int e = lane; e < experts; e += 32) largest = logits[e] > largest ? logits[e] : largest;
        for (int mask = 16; mask > 0; mask /= 2) { const float other = shuffle_xor(largest, mask); if (other > largest) largest = other; }
        for (int e = lane; e < experts; e += 32) total += expf(logits[e] - largest);
        total = warp_sum(total);
    }

    auto score = [&](int e)
    {
        if (drawn != nullptr && drawn[e] < dropout) return SCORING == SOFTMAX_CHOSEN ? -infinity : 0;
        if (SCORING == SIGMOID) return 1 / (1 + expf(-logits[e]));
        return SCORING == SOFTMAX ? expf(logits[e] - largest) / total : logits[e];
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
        float weight = score(expert);
        if (SCORING == SOFTMAX_CHOSEN)
        {
            if (k == 0) largest = weight;
            weight = weight == -infinity ? 0 : expf(weight - largest);
            total += weight;
        }
        if (lane == k % 32) chosen[k] = expert, weights[k] = weight;
    }
    if (SCORING == SOFTMAX_CHOSEN)
        for (int k = lane; k < active; k += 32) weights[k] = total > 0 || total != total ? weights[k] / total : 0;
}

// Counts one block's choices, [BLOCK_TOKENS, K] in shared memory. A thread owns its bins, so nothing is added atomically.
DEVICE void count_block(const int* chosen, int tokens, int active, int bins, int* counts)
{
    for (int bin = thread_index; bin < bins; bin += ROUTE_THREADS)
    {
        int count = 0;
        for (int t = 0; t < tokens; t++) count += chosen[t * active + bin % active] == bin / active;
        counts[(Index)block_index * bins + bin] = count;
    }
}

template <Scoring SCORING> DEVICE void route(
    const float* logits, const float* drawn, float dropout, int tokens, int experts, int active, int* chosen,
    float* weights, int* counts)
{
    SHARED(int, local);                                   // [BLOCK_TOKENS, K]
    const int first = block_index * BLOCK_TOKENS;
    const int here = MUTANT(no_token_bound) ? BLOCK_TOKENS : least(BLOCK_TOKENS, tokens - first);
    for (int t = thread_index / 32; t < here; t += ROUTE_THREADS / 32)
    {
        const Index row = element(first + t, experts), slot = element(first + t, active);
        choose_experts<SCORING>(
            logits + row, drawn == nullptr ? nullptr : drawn + row, dropout, experts, active, local + t * active, weights + slot);
    }
    if (!MUTANT(no_choice_barrier)) barrier();
    for (int i = thread_index; i < here * active; i += ROUTE_THREADS) chosen[element(first, active) + i] = local[i];
    count_block(local, here, active, experts * active, counts);
}

#define ROUTE(name, scoring) \
    KERNEL(ROUTE_THREADS) name( \
        const float* logits, const float* drawn, float dropout, int tokens, int experts, int active, int* chosen, \
        float* weights, int* counts) \
    { \
        route<scoring>(logits, drawn, dropout, tokens, experts, active, chosen, weights, counts); \
    }

ROUTE(route_sigmoid, SIGMOID)
ROUTE(route_softmax, SOFTMAX)
ROUTE(route_softmax_chosen, SOFTMAX_CHOSEN)

KERNEL(ROUTE_THREADS) count_choices(const long long* given, int tokens, int experts, int active, int* chosen, int* counts)
{
    SHARED(int, local);
    const int first = block_index * BLOCK_TOKENS;
    const int here = MUTANT(no_token_bound) ? BLOCK_TOKENS : least(BLOCK_TOKENS, tokens - first);
    for (int i = thread_index; i < here * active; i += ROUTE_THREADS)
    {
        const Index slot = element(first, active) + i;
        chosen[slot] = local[i] = (int)given[slot];
    }
    if (!MUTANT(no_choice_barrier)) barrier();
    count_block(local, here, active, experts * active, counts);
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

// One block. Sixteen counts are read before the first is replaced: the reads do not wait for one another.
KERNEL(SCAN_THREADS) scan_counts(int* counts, int blocks, int bins, int* offsets)
{
    SHARED(int, sums);
    auto total = [&](int bin)
    {
        int before = 0;
        for (int block = 0; block < blocks; block += 16)
        {
            int seen[16];
#pragma unroll
            for (int i = 0; i < 16; i++) seen[i] = block + i < blocks ? counts[(Index)(block + i) * bins + bin] : 0;
#pragma unroll
            for (int i = 0; i < 16; i++)
            {
                if (block + i < blocks) counts[(Index)(block + i) * bins + bin] = before;
                before += seen[i];
            }
        }
        return before;
    };
    const int all = scan(bins, sums, total, [&](int bin, int before) { offsets[bin] = before; });
    if (thread_index == 0) offsets[bins] = all;
}

KERNEL(ROUTE_THREADS) place_slots(
    const int* chosen, const int* counts, const int* offsets, int tokens, int experts, int active, int* slots)
{
    SHARED(int, local);
    const int first = block_index * BLOCK_TOKENS, here = least(BLOCK_TOKENS, tokens - first), bins = experts * active;
    for (int i = thread_index; i < here * active; i += ROUTE_THREADS) local[i] = chosen[element(first, active) + i];
    if (!MUTANT(no_choice_barrier)) barrier();
    for (int bin = thread_index; bin < bins; bin += ROUTE_THREADS)
    {
        int position = offsets[bin] + counts[(Index)block_index * bins + bin];
        for (int t = 0; t < here; t++)
            if (local[t * active + bin % active] == bin / active) slots[position++] = (first + t) * active + bin % active;
    }
}

// Block 0 lists the tiles of whole experts, block 1 + k those of choice k.
KERNEL(SCAN_THREADS) list_tiles(
    const int* offsets, int experts, int active, int rows, int capacity, int* starts, RowTile* tiles, int* tile_counts)
{
    SHARED(int, sums);
    const int list = block_index;
    int* start = starts + (Index)list * (experts + 1);
    RowTile* mine = tiles + (Index)list * capacity;
    auto begin = [&](int e) { return offsets[e * active + (list == 0 ? 0 : list - 1)]; };
    auto end = [&](int e) { return offsets[e * active + (list == 0 ? active : list)]; };
    const int count = scan(
        experts, sums, [&](int e) { return ceil_div(end(e) - begin(e), rows); }, [&](int e, int before) { start[e] = before; });
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
