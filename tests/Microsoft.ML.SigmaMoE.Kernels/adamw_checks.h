// Two steps of AdamW over tensors of awkward sizes, one of them longer than a chunk.
#pragma once
#include "layer.h"

inline void check_adamw()
{
    checks::context = "adamw";
    const size_t sizes[] = {1, 300, ADAMW_CHUNK + 77};
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<std::vector<float>> memory;               // parameter, mean, square, gradient of each tensor
    std::vector<AdamWTensor> tensors;
    std::vector<AdamWChunk> chunks;
    for (size_t size : sizes)
    {
        for (int i = 0; i < 4; i++)
        {
            memory.emplace_back(size);
            for (auto& value : memory.back()) value = i == 2 ? std::abs(normal(random)) : normal(random);
        }
        auto at = [&](int i) { return memory[memory.size() - 4 + i].data(); };
        tensors.push_back({at(0), at(1), at(2), at(3), (Index)size, 0.5f, 0.99f, 0.1f, 0.999f, 0.001f, 0.01f, 1.5f, 1e-8f});
        for (size_t first = 0; first < size; first += ADAMW_CHUNK) chunks.push_back({(Index)tensors.size() - 1, (Index)first});
    }

    for (int step = 0; step < 2; step++)
    {
        const auto before = memory;
        emulator::launch((int)chunks.size(), 256, 0, [&] { adamw(tensors.data(), chunks.data()); });
        for (size_t t = 0; t < tensors.size(); t++)
            for (size_t i = 0; i < sizes[t]; i++)
            {
                const double g = 0.5 * before[4 * t + 3][i], m = before[4 * t + 1][i] + (g - before[4 * t + 1][i]) * 0.1;
                const double v = before[4 * t + 2][i] * 0.999 + g * g * 0.001;
                checks::equal("mean", i, memory[4 * t + 1][i], m);
                checks::equal("square", i, memory[4 * t + 2][i], v);
                checks::equal("parameter", i, memory[4 * t][i], before[4 * t][i] * 0.99 - m * 0.01 / (std::sqrt(v) * 1.5 + 1e-8));
            }
    }
}
