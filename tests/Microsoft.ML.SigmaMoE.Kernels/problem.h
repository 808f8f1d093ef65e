// One σ-MoE layer with random numbers, the same for the same sizes.
#pragma once
#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "emulator.h"

enum class Spread { random, all_to_the_first };

struct Sizes {
    const char* name;
    int tokens, model_size, experts, expert_size, active;
    Spread spread;
    bool bias;
    int activation = 0;                        // relu
    bool mask = false;
};

// Sizes that fit no tile, one token, no tokens for some experts, all for one; the small ones first.
inline const Sizes all_sizes[] = {
    {"one token", 1, 8, 4, 3, 2, Spread::random, false},
    {"one of everything", 1, 1, 1, 1, 1, Spread::random, true},
    {"odd", 7, 5, 3, 1, 3, Spread::random, true},
    {"all to the first", 33, 13, 5, 7, 1, Spread::all_to_the_first, true},
    {"two columns of tiles", 40, 150, 3, 21, 2, Spread::random, false},
    {"two rows of tiles", 150, 36, 2, 20, 2, Spread::all_to_the_first, false},
    {"wide experts", 37, 24, 4, 139, 2, Spread::random, true},
    {"many blocks and experts", 300, 10, 70, 6, 4, Spread::random, false},
    {"more bins than threads", 130, 9, 600, 5, 4, Spread::random, false},
    {"gelu", 33, 13, 5, 7, 2, Spread::random, true, 1},
    {"gelu by tanh, masked", 20, 10, 2, 139, 1, Spread::random, true, 2, true},
    {"silu", 37, 9, 2, 20, 2, Spread::all_to_the_first, false, 3},
    {"relu, masked", 40, 10, 3, 21, 2, Spread::random, true, 0, true},
};

struct Problem {
    Sizes sizes;
    std::vector<float> x, dy, gates, up, down, bias, logits, scores, drawn, mask;
    std::vector<long long> choices;            // [tokens, active]

    explicit Problem(const Sizes& s) : sizes(s), random(s.tokens * 7919u + s.model_size * 131u + s.experts)
    {
        size_t weights = (size_t)s.experts * s.expert_size * s.model_size;
        x = draw((size_t)s.tokens * s.model_size, 1);
        dy = draw((size_t)s.tokens * s.model_size, 1);
        gates = draw((size_t)s.tokens * s.active, 1);
        up = draw(weights, 1 / std::sqrt((float)s.model_size));
        down = draw(weights, 1 / std::sqrt((float)s.expert_size));
        if (s.bias) bias = draw((size_t)s.experts * s.expert_size, 1);
        if (s.mask) mask = draw((size_t)s.tokens * s.active * s.expert_size, 2);
        logits = draw((size_t)s.tokens * s.experts, 1);
        scores = draw((size_t)s.tokens * s.experts, 1);
        drawn = draw((size_t)s.tokens * s.experts, 1);
        for (auto& u : drawn) u = std::abs(u) - std::floor(std::abs(u));
        for (int n = 0; n < s.tokens; n++)
        {
            std::vector<int> order(s.experts);
            std::iota(order.begin(), order.end(), 0);
            if (s.spread == Spread::random) std::shuffle(order.begin(), order.end(), random);
            choices.insert(choices.end(), order.begin(), order.begin() + s.active);
        }
    }

    bool needs_slopes() const { return sizes.mask || sizes.activation != 0; }

private:
    std::mt19937 random;

    std::vector<float> draw(size_t size, float deviation)
    {
        std::normal_distribution<float> normal(0, deviation);
        std::vector<float> all(size);
        for (auto& value : all) value = normal(random);
        return all;
    }
};
