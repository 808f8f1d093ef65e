// Launches the kernels of a layer as the host does, and holds what they wrote.
#pragma once
#include "checks.h"
#include "kernels.h"
#include "problem.h"

// One kernel family, for one type of tile.
template <class Tile> struct Family {
    typedef typename Tile::Element Element;
    const char* name;
    void (*up)(
        const Element*, const Element*, const float*, Element*, const int*, const RowTile*, const int*, int, int, int, int, int);
    void (*activate)(Element*, Element*, const float*, const int*, Index, int, int, int);
    void (*down)(
        const Element*, const Element*, const float*, Element*, const int*, const RowTile*, const int*, int, int, int, int);
    void (*hidden_gradient)(
        const Element*, const Element*, const Element*, const Element*, const float*, Element*, Element*, float*, const int*,
        const RowTile*, const int*, int, int, int, int);
    void (*weight_gradient)(
        const Element*, const Element*, const Element*, const Element*, float*, float*, const int*, const int*, int, int, int,
        int, int, int, int, int);
    void (*bias_gradient)(const Element*, float*, const int*, int, int, int);
    void (*sum_choices)(const Element*, float*, int, int, int, int);

    static constexpr int slots_bytes = Tile::ROWS * 4;
    static constexpr int up_bytes = stages_size<Tile, ALONG_DEPTH, ALONG_DEPTH> * sizeof(Element) + slots_bytes;
    static constexpr int down_bytes = stages_size<Tile, ALONG_DEPTH, ACROSS_DEPTH> * sizeof(Element) + slots_bytes;
    static constexpr int hidden_bytes = up_bytes + Tile::ROWS * Tile::ROW_PARTS * 4;
    static constexpr int weight_bytes = stages_size<Tile, ACROSS_DEPTH, ACROSS_DEPTH> * sizeof(Element);
};

// Rows have whole copies.
template <class Tile> int padded(int size) { return (size + Tile::VECTOR - 1) / Tile::VECTOR * Tile::VECTOR; }

inline void convert(const float* from, bf16* to, Index rows, int width, int stride) { to_bf16(from, to, rows, width, stride); }
inline void convert(const float* from, f16* to, Index rows, int width, int stride) { to_f16(from, to, rows, width, stride); }
inline void convert(const float* from, float* to, Index rows, int width, int stride) { pad_rows(from, to, rows, width, stride); }

template <class Tile> std::vector<typename Tile::Element> converted(const std::vector<float>& from, int width)
{
    const int stride = padded<Tile>(width);
    const size_t rows = from.size() / width;
    if constexpr (Tile::VECTOR == 1) return from;
    auto to = checks::unwritten<typename Tile::Element>(rows * stride);
    emulator::launch(3, 256, 0, [&] { convert(from.data(), to.data(), rows, width, stride); });
    for (size_t row = 0; row < rows; row++)
        for (int c = 0; c < stride; c++)
            checks::equal("converted", row * stride + c, to[row * stride + c], c < width ? from[row * width + c] : 0);
    return to;
}

// Where every slot goes. Chunks of one block: the least there can be.
struct Sorted {
    static constexpr int chunk_blocks = 1;
    int blocks, chunks, capacity;
    std::vector<int> chosen, counts, before, offsets, slots, starts, tile_counts;
    std::vector<RowTile> tiles;

    Sorted(const Sizes& s, int rows)
        : blocks((s.tokens + BLOCK_TOKENS - 1) / BLOCK_TOKENS), chunks((blocks + chunk_blocks - 1) / chunk_blocks),
          capacity(s.tokens * s.active / rows + s.experts), chosen(checks::unwritten<int>(s.tokens * s.active)),
          counts(checks::unwritten<int>(blocks * s.experts)), before(counts), offsets(checks::unwritten<int>(s.experts * chunks + 1)),
          slots(checks::unwritten<int>(s.tokens * s.active)),
          starts(checks::unwritten<int>((1 + chunks) * (s.experts + 1))), tile_counts(checks::unwritten<int>(1 + chunks)),
          tiles(checks::unwritten<RowTile>((size_t)(1 + chunks) * capacity))
    {
    }

    void sort(const Sizes& s, int rows)
    {
        emulator::launch(1, SCAN_THREADS, 32 * 4, [&] {
            scan_counts(counts.data(), blocks, s.experts, chunk_blocks, before.data(), offsets.data());
        });
        emulator::launch(blocks, ROUTE_THREADS, BLOCK_TOKENS * s.active * 4, [&] {
            place_slots(
                chosen.data(), before.data(), offsets.data(), s.tokens, s.experts, s.active, chunk_blocks, slots.data());
        });
        emulator::launch(1 + chunks, SCAN_THREADS, 32 * 4, [&] {
            list_tiles(offsets.data(), s.experts, chunks, rows, capacity, starts.data(), tiles.data(), tile_counts.data());
        });
    }
};

template <class Tile> struct Layer {
    typedef typename Tile::Element Element;
    const Problem& problem;
    const Family<Tile>& family;
    Sizes s;
    int stride, hidden_stride, grid_rows;
    Sorted sorted;
    std::vector<Element> x, dy, up, down, hidden, raw, slopes, by_raw, gated;
    std::vector<float> y, by_x, by_gate, by_up, by_down, by_bias;

    Layer(const Problem& p, const Family<Tile>& f)
        : problem(p), family(f), s(p.sizes), stride(padded<Tile>(s.model_size)),
          hidden_stride(padded<Tile>(s.expert_size)), sorted(s, Tile::ROWS), x(converted<Tile>(p.x, s.model_size)),
          dy(converted<Tile>(p.dy, s.model_size)), up(converted<Tile>(p.up, s.model_size)),
          down(converted<Tile>(p.down, s.model_size))
    {
        const size_t slots = (size_t)s.tokens * s.active;
        hidden = by_raw = gated = checks::unwritten<Element>(slots * hidden_stride);
        if (p.needs_slopes()) slopes = hidden;
        y = by_x = checks::unwritten<float>((size_t)s.tokens * s.model_size);
        by_gate = checks::unwritten<float>(slots);
        by_up = by_down = checks::unwritten<float>(p.up.size());
        by_bias = checks::unwritten<float>(s.experts * s.expert_size);
    }

    void run(int parts)
    {
        emulator::launch(sorted.blocks, ROUTE_THREADS, BLOCK_TOKENS * s.active * 4, [&] {
            count_choices(
                problem.choices.data(), s.tokens, s.experts, s.active, sorted.chosen.data(), sorted.counts.data());
        });
        sorted.sort(s, Tile::ROWS);
        emulator::launch(sorted.capacity * across(hidden_stride), Tile::THREADS, family.up_bytes, [&] {
            family.up(
                x.data(), up.data(), s.bias ? problem.bias.data() : nullptr, hidden.data(), sorted.slots.data(),
                sorted.tiles.data(), sorted.tile_counts.data(), s.active, s.expert_size, stride, hidden_stride,
                problem.needs_slopes());
        });
        if (problem.needs_slopes())
        {
            raw = hidden;
            emulator::launch(3, 256, 0, [&] {
                family.activate(
                    hidden.data(), slopes.data(), s.mask ? problem.mask.data() : nullptr, sorted.slots.data(),
                    s.tokens * s.active, s.expert_size, hidden_stride, s.activation);
            });
        }
        sum_over_choices(hidden, down, problem.gates.data(), y);
        emulator::launch(sorted.capacity, Tile::THREADS, family.hidden_bytes, [&] {
            family.hidden_gradient(
                dy.data(), down.data(), hidden.data(), slopes_or_null(), problem.gates.data(), by_raw.data(), gated.data(),
                by_gate.data(), sorted.slots.data(), sorted.tiles.data(), sorted.tile_counts.data(), s.active, s.expert_size,
                stride, hidden_stride);
        });
        sum_over_choices(by_raw, up, nullptr, by_x);
        weight_gradients(parts);
        emulator::launch(s.experts * ((s.expert_size + 31) / 32), 256, 256 * 4, [&] {
            family.bias_gradient(
                by_raw.data(), by_bias.data(), sorted.offsets.data(), sorted.chunks, s.expert_size, hidden_stride);
        });
    }

private:
    Element* slopes_or_null() { return problem.needs_slopes() ? slopes.data() : nullptr; }

    static int across(int columns) { return (columns + Tile::COLUMNS - 1) / Tile::COLUMNS; }

    void sum_over_choices(
        const std::vector<Element>& from, const std::vector<Element>& weights, const float* gates, std::vector<float>& to)
    {
        const int chunk_tokens = Sorted::chunk_blocks * BLOCK_TOKENS;
        for (int chunk = 0; chunk < sorted.chunks; chunk++)
        {
            const int first = chunk * chunk_tokens, tokens = std::min(chunk_tokens, s.tokens - first);
            auto part = checks::unwritten<Element>((size_t)tokens * s.active * stride);
            const int tiles = std::min(tokens * s.active / Tile::ROWS + s.experts, sorted.capacity);
            emulator::launch(tiles * across(stride), Tile::THREADS, family.down_bytes, [&] {
                family.down(
                    from.data(), weights.data(), gates, part.data(), sorted.slots.data(),
                    sorted.tiles.data() + (size_t)(1 + chunk) * sorted.capacity, sorted.tile_counts.data() + 1 + chunk,
                    s.expert_size, stride, hidden_stride, first * s.active);
            });
            emulator::launch(3, 256, 0, [&] {
                family.sum_choices(
                    part.data(), to.data() + (size_t)first * s.model_size, tokens, s.active, s.model_size, stride);
            });
        }
    }

    void weight_gradients(int parts)
    {
        auto up_parts = checks::unwritten<float>(by_up.size() * parts), down_parts = up_parts;
        const int along = (s.expert_size + Tile::ROWS - 1) / Tile::ROWS;
        emulator::launch(2 * parts * s.experts * along * across(s.model_size), Tile::THREADS, family.weight_bytes, [&] {
            family.weight_gradient(
                by_raw.data(), gated.data(), x.data(), dy.data(), up_parts.data(), down_parts.data(), sorted.slots.data(),
                sorted.offsets.data(), s.experts, sorted.chunks, s.active, s.expert_size, s.model_size, stride, hidden_stride, parts);
        });
        emulator::launch(2, 256, 0, [&] { sum_parts(up_parts.data(), by_up.data(), parts, by_up.size()); });
        emulator::launch(2, 256, 0, [&] { sum_parts(down_parts.data(), by_down.data(), parts, by_down.size()); });
    }
};
