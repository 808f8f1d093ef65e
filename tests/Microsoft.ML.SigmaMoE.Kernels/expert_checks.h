// The kernels of a layer against sums written down one by one in float64. Each kernel is compared on the inputs that it
// got, so that the tolerance is that of its own rounding.
#pragma once
#include "activation_values.h"
#include "layer.h"

using checks::equal;
using checks::number;

// What a tile multiplies: tf32 tiles, those that copy float32 four at a time, round it. Products of such numbers are exact in
// float32, so that they need no other tolerance than float32's.
template <class Tile> double factor(typename Tile::Element value)
{
    if constexpr (sizeof(value) == 4 && Tile::VECTOR == 4) return emulator::bits_to_float(emulator::to_tf32(value));
    return number(value);
}

// Sorted by expert, then token; tiles that cover each bin once and do not cross it.
inline void check_order(const Sorted& got, const Problem& p, int rows)
{
    const auto& s = p.sizes;
    std::vector<int> order(s.tokens * s.active);
    std::iota(order.begin(), order.end(), 0);
    auto bin = [&](int slot)
    {
        return (int)p.choices[slot] * got.chunks + slot / s.active / (Sorted::chunk_blocks * BLOCK_TOKENS);
    };
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return bin(a) < bin(b); });
    for (size_t i = 0; i < order.size(); i++) equal("slots", i, got.slots[i], order[i]);
    for (int b = 0; b <= s.experts * got.chunks; b++)
        equal("offsets", b, got.offsets[b], std::count_if(order.begin(), order.end(), [&](int slot) { return bin(slot) < b; }));
    for (int list = 0; list <= got.chunks; list++)
    {
        int tile = 0;
        for (int e = 0; e < s.experts; e++)
        {
            const int begin = got.offsets[e * got.chunks + (list == 0 ? 0 : list - 1)];
            const int end = got.offsets[e * got.chunks + (list == 0 ? got.chunks : list)];
            for (int first = begin; first < end; first += rows, tile++)
            {
                if (tile >= got.capacity) checks::fail("there are more tiles than the list has places");
                const auto& t = got.tiles[(size_t)list * got.capacity + tile];
                equal("tile's expert", tile, t.expert, e);
                equal("tile's first row", tile, t.first, first);
                equal("tile's end", tile, t.end, std::min(first + rows, end));
            }
        }
        equal("tiles of list", list, got.tile_counts[list], tile);
    }
}

template <class Tile> void check_forward(const Layer<Tile>& l)
{
    const auto& s = l.s;
    for (int p = 0; p < s.tokens * s.active; p++)
    {
        const int slot = l.sorted.slots[p], n = slot / s.active, e = (int)l.problem.choices[slot];
        for (int g = 0; g < l.hidden_stride; g++)
        {
            double sum = g < s.expert_size && s.bias ? l.problem.bias[e * s.expert_size + g] : 0;
            for (int d = 0; d < s.model_size && g < s.expert_size; d++)
                sum += factor<Tile>(l.x[(size_t)n * l.stride + d]) * factor<Tile>(l.up[((size_t)e * s.expert_size + g) * l.stride + d]);
            const size_t at = (size_t)p * l.hidden_stride + g;
            if (!l.problem.needs_slopes())
            {
                equal("hidden", at, l.hidden[at], std::max(0.0, sum));
                continue;
            }
            const bool masked = s.mask && g < s.expert_size;
            const double weight = masked ? l.problem.mask[(size_t)slot * s.expert_size + g] : 1, raw = number(l.raw[at]);
            equal("raw", at, l.raw[at], sum);
            equal("hidden", at, l.hidden[at], weight * activation_value(s.activation, raw));
            equal("slopes", at, l.slopes[at], weight * activation_slope(s.activation, raw));
        }
    }
}

// Σ_k weight · row(slot) · weights, by token: y, or the gradient by x. Each choice's part is rounded before they are added.
template <class Tile> void check_sum_over_choices(
    const Layer<Tile>& l, const char* name, const std::vector<typename Tile::Element>& rows,
    const std::vector<typename Tile::Element>& weights, const float* gates, const std::vector<float>& got)
{
    const auto& s = l.s;
    std::vector<double> wanted(got.size()), rounding(got.size());
    for (int p = 0; p < s.tokens * s.active; p++)
    {
        const int slot = l.sorted.slots[p], n = slot / s.active, e = (int)l.problem.choices[slot];
        for (int d = 0; d < s.model_size; d++)
        {
            double part = 0;
            for (int g = 0; g < s.expert_size; g++)
                part += factor<Tile>(rows[(size_t)p * l.hidden_stride + g])
                    * factor<Tile>(weights[((size_t)e * s.expert_size + g) * l.stride + d]);
            part *= gates ? gates[slot] : 1;
            wanted[(size_t)n * s.model_size + d] += part;
            rounding[(size_t)n * s.model_size + d] += checks::allowed(typename Tile::Element(), part);
        }
    }
    for (size_t i = 0; i < got.size(); i++) equal(name, i, got[i], wanted[i], rounding[i]);
}

template <class Tile> void check_hidden_gradient(const Layer<Tile>& l)
{
    const auto& s = l.s;
    for (int p = 0; p < s.tokens * s.active; p++)
    {
        const int slot = l.sorted.slots[p], n = slot / s.active, e = (int)l.problem.choices[slot];
        double by_gate = 0;
        for (int g = 0; g < l.hidden_stride; g++)
        {
            const size_t at = (size_t)p * l.hidden_stride + g;
            double u = 0;
            for (int d = 0; d < s.model_size && g < s.expert_size; d++)
                u += factor<Tile>(l.dy[(size_t)n * l.stride + d])
                    * factor<Tile>(l.down[((size_t)e * s.expert_size + g) * l.stride + d]);
            const double h = number(l.hidden[at]), gate = l.problem.gates[slot];
            by_gate += u * h;
            const bool has_slopes = l.problem.needs_slopes();
            equal("by_raw", at, l.by_raw[at], gate * u * (has_slopes ? number(l.slopes[at]) : h > 0 ? 1 : 0));
            equal("gated", at, l.gated[at], gate * h);
        }
        equal("by_gate", slot, l.by_gate[slot], by_gate);
    }
}

template <class Tile> void check_weight_gradient(
    const Layer<Tile>& l, const char* name, const std::vector<typename Tile::Element>& left,
    const std::vector<typename Tile::Element>& right, const std::vector<float>& got)
{
    const auto& s = l.s;
    std::vector<double> wanted(got.size());
    for (int p = 0; p < s.tokens * s.active; p++)
    {
        const int slot = l.sorted.slots[p], n = slot / s.active, e = (int)l.problem.choices[slot];
        for (int g = 0; g < s.expert_size; g++)
            for (int d = 0; d < s.model_size; d++)
                wanted[((size_t)e * s.expert_size + g) * s.model_size + d] +=
                    factor<Tile>(left[(size_t)p * l.hidden_stride + g]) * factor<Tile>(right[(size_t)n * l.stride + d]);
    }
    for (size_t i = 0; i < got.size(); i++) equal(name, i, got[i], wanted[i]);
}

template <class Tile> void check_bias_gradient(const Layer<Tile>& l)
{
    const auto& s = l.s;
    std::vector<double> wanted(l.by_bias.size());
    for (int p = 0; p < s.tokens * s.active; p++)
        for (int g = 0; g < s.expert_size; g++)
            wanted[l.problem.choices[l.sorted.slots[p]] * s.expert_size + g] += number(l.by_raw[(size_t)p * l.hidden_stride + g]);
    for (size_t i = 0; i < l.by_bias.size(); i++) equal("by_bias", i, l.by_bias[i], wanted[i]);
}

template <class Tile> void check_layer(const Problem& problem, const Family<Tile>& family)
{
    checks::context = std::string(problem.sizes.name) + ", " + family.name;
    Layer<Tile> layer(problem, family);
    layer.run(1);
    check_order(layer.sorted, problem, Tile::ROWS);
    check_forward(layer);
    check_sum_over_choices(layer, "y", layer.hidden, layer.down, problem.gates.data(), layer.y);
    check_hidden_gradient(layer);
    check_sum_over_choices(layer, "by_x", layer.by_raw, layer.up, nullptr, layer.by_x);
    check_weight_gradient(layer, "by_up", layer.by_raw, layer.x, layer.by_up);
    check_weight_gradient(layer, "by_down", layer.gated, layer.dy, layer.by_down);
    check_bias_gradient(layer);

    // again, with the sum over tokens in parts
    Layer<Tile> again(problem, family);
    again.run(3);
    checks::same_bits("hidden", layer.hidden, again.hidden);
    checks::same_bits("y", layer.y, again.y);
    checks::same_bits("by_raw", layer.by_raw, again.by_raw);
    checks::same_bits("by_gate", layer.by_gate, again.by_gate);
    checks::same_bits("by_x", layer.by_x, again.by_x);
    checks::same_bits("by_bias", layer.by_bias, again.by_bias);
    check_weight_gradient(again, "by_up in parts", again.by_raw, again.x, again.by_up);
    check_weight_gradient(again, "by_down in parts", again.gated, again.dy, again.by_down);
}
