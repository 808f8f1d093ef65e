// Weighted sums of gathered rows and their gradients. A problem's experts are the values here, its choices the choices.
#pragma once
#include "layer.h"

template <class T, class Sum, class Dots> void check_gather(
    const Problem& p, const char* numbers, const std::vector<T>& values, Sum gather_sum, Dots gather_dots)
{
    const auto& s = p.sizes;
    checks::context = std::string(s.name) + ", gather, " + numbers;
    const int across = (s.model_size + GATHER_COLUMNS - 1) / GATHER_COLUMNS, slots = s.tokens * s.active;
    auto y = checks::unwritten<float>(p.x.size()), by_weight = checks::unwritten<float>(slots);
    auto by_values = checks::unwritten<float>(values.size());
    emulator::launch(s.tokens * across, GATHER_THREADS, 0, [&] {
        gather_sum(p.choices.data(), p.gates.data(), values.data(), y.data(), s.active, s.model_size);
    });
    emulator::launch((slots + 7) / 8, 256, 0, [&] {
        gather_dots(p.choices.data(), values.data(), p.dy.data(), by_weight.data(), slots, s.active, s.model_size);
    });

    std::vector<long long> order(slots), offsets(s.experts + 1);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](long long a, long long b) { return p.choices[a] < p.choices[b]; });
    for (long long choice : p.choices) offsets[choice + 1]++;
    for (int v = 0; v < s.experts; v++) offsets[v + 1] += offsets[v];
    emulator::launch(s.experts * across, GATHER_THREADS, 0, [&] {
        scatter_sum(
            order.data(), offsets.data(), p.gates.data(), p.dy.data(), by_values.data(), s.active, s.model_size);
    });

    std::vector<double> wanted(y.size()), wanted_values(by_values.size());
    for (int slot = 0; slot < slots; slot++)
    {
        const size_t n = slot / s.active * (size_t)s.model_size, v = p.choices[slot] * s.model_size;
        double dot = 0;
        for (int d = 0; d < s.model_size; d++)
        {
            dot += (double)p.dy[n + d] * checks::number(values[v + d]);
            wanted[n + d] += (double)p.gates[slot] * checks::number(values[v + d]);
            wanted_values[v + d] += (double)p.gates[slot] * p.dy[n + d];
        }
        checks::equal("by_weight", slot, by_weight[slot], dot);
    }
    for (size_t i = 0; i < y.size(); i++) checks::equal("y", i, y[i], wanted[i]);
    for (size_t i = 0; i < by_values.size(); i++) checks::equal("by_values", i, by_values[i], wanted_values[i]);
}

template <class T, class Sum, class Dots> void check_gather_rounded(
    const Problem& p, const char* numbers, const std::vector<float>& values, Sum gather_sum, Dots gather_dots)
{
    std::vector<T> rounded(values.size());
    for (size_t i = 0; i < values.size(); i++) rounded[i] = checks::rounded<T>(values[i]);
    check_gather(p, numbers, rounded, gather_sum, gather_dots);
}

inline void check_gather(const Problem& p)
{
    const std::vector<float> values(p.up.begin(), p.up.begin() + (size_t)p.sizes.experts * p.sizes.model_size);
    check_gather_rounded<float>(p, "float", values, gather_sum_float, gather_dots_float);
    check_gather_rounded<bf16>(p, "bf16", values, gather_sum_bf16, gather_dots_bf16);
    check_gather_rounded<f16>(p, "f16", values, gather_sum_f16, gather_dots_f16);
}
