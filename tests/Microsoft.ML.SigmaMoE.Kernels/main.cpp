// Checks all kernels on the CPU. Arguments: --tiles prints the tiles and their shared memory; --mutant NAME plants a fault;
// --mutants lists them. Exit code 0: everything is as it should be.
#include "adamw_checks.h"
#include "decode_checks.h"
#include "expert_checks.h"
#include "f16_checks.h"
#include "gather_checks.h"
#include "routing_checks.h"
#include "vast_checks.h"

#define FAMILY(suffix, type, Tile) \
    static const Family<Tile> suffix{#suffix, expert_up_##suffix, activate_##type, expert_down_##suffix, expert_hidden_gradient_##suffix, \
        expert_weight_gradient_##suffix, expert_bias_gradient_##type, sum_choices_##type}

FAMILY(bf16_128, bf16, BFloat16Tile128);
FAMILY(bf16_64, bf16, BFloat16Tile64);
FAMILY(bf16_16, bf16, BFloat16Tile16);
FAMILY(f16_128, f16, Float16Tile128);
FAMILY(f16_64, f16, Float16Tile64);
FAMILY(f16_16, f16, Float16Tile16);
FAMILY(f16_flat_64, f16, FlatFloat16Tile64);
FAMILY(f16_flat_16, f16, FlatFloat16Tile16);
FAMILY(tf32_128, float, Tf32Tile128);
FAMILY(tf32_64, float, Tf32Tile64);
FAMILY(tf32_16, float, Tf32Tile16);
FAMILY(float_64, float, FloatTile64);
FAMILY(float_16, float, FloatTile16);

template <class Tile> void print_tile(const Family<Tile>& f)
{
    printf("%s %d %d %d %d %d %d %d\n", f.name, Tile::ROWS, Tile::COLUMNS, Tile::THREADS, f.up_bytes, f.down_bytes,
        f.hidden_bytes, f.weight_bytes);
}

static void print_tiles()
{
    print_tile(bf16_128);
    print_tile(bf16_64);
    print_tile(bf16_16);
    print_tile(f16_128);
    print_tile(f16_64);
    print_tile(f16_16);
    print_tile(f16_flat_64);
    print_tile(f16_flat_16);
    print_tile(tf32_128);
    print_tile(tf32_64);
    print_tile(tf32_16);
    print_tile(float_64);
    print_tile(float_16);
}

static void check_everything()
{
    for (const auto& sizes : all_sizes)
    {
        const Problem problem(sizes);
        check_decode(problem);
        check_layer(problem, bf16_16);
        check_layer(problem, f16_16);
        check_layer(problem, f16_flat_16);
        check_layer(problem, tf32_16);
        check_layer(problem, float_16);
        if (problem.needs_slopes()) continue;              // what a tile stores is the same code for all
        check_routes(problem);
        check_gather(problem);
        if (sizes.experts > 8) continue;                   // hundreds of nearly empty large tiles show nothing new
        check_layer(problem, bf16_64);
        check_layer(problem, bf16_128);
        check_layer(problem, f16_64);
        check_layer(problem, f16_128);
        check_layer(problem, f16_flat_64);
        check_layer(problem, tf32_64);
        check_layer(problem, tf32_128);
        check_layer(problem, float_64);
    }
    check_far_activations();
    check_adamw();
    check_f16_rounding();
    check_f16_overflow(f16_16);
    check_f16_overflow(f16_flat_16);
    check_far_positions(bf16_16);
    check_far_positions(f16_16);
    check_far_positions(tf32_16);
    check_far_positions(float_16);
}

int main(int count, char** arguments)
{
    const std::string argument = count > 1 ? arguments[1] : "";
    if (argument == "--tiles") return print_tiles(), 0;
    if (argument == "--mutants")
    {
        for (int i = 1; i < (int)emulator::Mutant::count; i++) puts(emulator::mutant_names[i]);
        return 0;
    }
    if (argument == "--mutant" && count > 2)
    {
        for (int i = 1; i < (int)emulator::Mutant::count; i++)
            if (std::string(arguments[2]) == emulator::mutant_names[i]) emulator::mutant = (emulator::Mutant)i;
        if (emulator::mutant == emulator::Mutant::none) return fprintf(stderr, "there is no mutant %s\n", arguments[2]), 4;
    }
    check_everything();
    printf("%ld numbers compared\n", checks::compared);
}
