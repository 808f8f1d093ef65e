// Which rows a thread block works on, and how a pair of neighbouring results is stored. "Position" is the place of a slot
// (a token at one of its K experts) in sorted order: by expert, then token.
#pragma once
#include "tiles.cuh"

// Rows [first, end) of the sorted order, all of one expert.
struct alignas(16) RowTile { int expert, first, end, unused; };

// The tiles of one list, and how many of them there are: the grid is as long as the list could be.
struct TileList { const RowTile* tiles; const int* count; };

// Finds this block's tile and its first column; false where the list is shorter than the grid.
template <class Tile> DEVICE bool find_tile(const TileList& list, int columns, RowTile& tile, int& first_column)
{
    const int across = ceil_div(columns, Tile::COLUMNS);
    if (block_index / across >= *list.count) return false;
    tile = list.tiles[block_index / across];
    first_column = block_index % across * Tile::COLUMNS;
    return true;
}

// Slots of the tile's rows, −1 below its end; visible after the next barrier.
template <class Tile> DEVICE void load_slots(int* row_slots, const int* slots, const RowTile& tile)
{
    for (int row = thread_index; row < Tile::ROWS; row += Tile::THREADS)
        row_slots[row] = tile.first + row < tile.end || MUTANT(no_row_bound) ? slots[tile.first + row] : -1;
}

// 64 bits: d_model · tokens passes 2^31 long before either does.
DEVICE Index element(Index row, int width) { return MUTANT(narrow_index) ? (Index)((int)row * width) : row * width; }

#if HAS_TENSOR_CORES
// Rows of numbers of 16 bits have an even width: they are padded to eight.
template <class Half> DEVICE void store_pair(Half* row, int column, int width, float first, float second)
{
    if (column < width) *(word*)(row + column) = pack<Half>(first, second);
}

template <class Half> DEVICE Pair load_pair(const Half* row, int column, int width)
{
    return column < width ? unpack<Half>(*(const word*)(row + column)) : Pair{0, 0};
}
#endif

// A pair is stored and loaded whole where rows begin at even places.
DEVICE void store_pair(float* row, int column, int width, float first, float second)
{
    if (column >= width) return;
    if (width % 2 == 0 || MUTANT(pairs_at_odd_places)) *(Pair*)(row + column) = {first, second};
    else
    {
        row[column] = first;
        if (column + 1 < width) row[column + 1] = second;
    }
}

DEVICE Pair load_pair(const float* row, int column, int width)
{
    if (column >= width) return {0, 0};
    if (width % 2 == 0) return *(const Pair*)(row + column);
    return {row[column], column + 1 < width ? row[column + 1] : 0};
}
