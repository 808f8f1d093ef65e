// The layer for a few tokens, against sums in float64.
#pragma once
#include "activation_values.h"
#include "layer.h"

inline void check_decode(const Problem& p)
{
    const auto& s = p.sizes;
    checks::context = std::string(s.name) + ", decode";
    const int tokens = std::min(s.tokens, 5), slots = tokens * s.active;
    auto hidden = checks::unwritten<float>((size_t)slots * s.expert_size), y = checks::unwritten<float>(tokens * s.model_size);
    emulator::launch((slots * s.expert_size + 7) / 8, 256, 0, [&] {
        decode_up(
            p.x.data(), p.choices.data(), p.up.data(), s.bias ? p.bias.data() : nullptr, hidden.data(), slots, s.active,
            s.expert_size, s.model_size, s.activation);
    });
    emulator::launch(tokens * ((s.model_size + 31) / 32), 256, 256 * 4, [&] {
        decode_down(
            hidden.data(), p.choices.data(), p.gates.data(), p.down.data(), y.data(), s.active, s.expert_size, s.model_size);
    });

    std::vector<double> wanted(y.size());
    for (int slot = 0; slot < slots; slot++)
        for (int g = 0; g < s.expert_size; g++)
        {
            const size_t neuron = (size_t)p.choices[slot] * s.expert_size + g;
            double sum = s.bias ? p.bias[neuron] : 0;
            for (int d = 0; d < s.model_size; d++)
                sum += (double)p.x[slot / s.active * s.model_size + d] * p.up[neuron * s.model_size + d];
            checks::equal("hidden", slot * s.expert_size + g, hidden[(size_t)slot * s.expert_size + g],
                activation_value(s.activation, sum));
            for (int d = 0; d < s.model_size; d++)
                wanted[slot / s.active * s.model_size + d] +=
                    p.gates[slot] * (double)hidden[(size_t)slot * s.expert_size + g] * p.down[neuron * s.model_size + d];
        }
    for (size_t i = 0; i < y.size(); i++) checks::equal("y", i, y[i], wanted[i]);
}
