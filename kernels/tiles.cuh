// A thread block multiplies one tile: C[rows, columns] = Σ_k A[row, k] · B[k, column], for k below `depth`.
// Operands come from rows in global memory, gathered through a function from a row's number to its address:
//   ALONG_DEPTH   row r of the operand is row (or column) r of the tile, its elements lie along k
//   ACROSS_DEPTH  row k of the operand belongs to step k, its elements lie along the tile's rows (or columns)
// Rows without an address and elements beyond the operand's width count as 0, so that no size needs to fit the tile.
// TensorTile multiplies bf16, f16, or float32 rounded to tf32, on tensor cores, FloatTile float32 on any GPU; all sum
// in float32 in a fixed order.
#pragma once
#include "primitives.cuh"

enum Layout { ALONG_DEPTH, ACROSS_DEPTH };

// Elements of shared memory from one row of an operand to the next; COUNT is the tile's rows or columns.
template <class Tile, Layout L, int COUNT> constexpr int row_length =
    L == ALONG_DEPTH ? Tile::DEPTH + Tile::PAD_ALONG : COUNT + Tile::PAD_ACROSS;

#if HAS_TENSOR_CORES
DEVICE int lane() { return thread_index % 32; }

// How 16 × STEP of A and STEP × 16 of B, two fragments, come out of shared memory, whose rows have LENGTH elements.
// Numbers of 16 bits: a word is two neighbours along k.
template <class Half> struct HalfFragments
{
    typedef Half Element;
    static constexpr int DEPTH = 32, STEP = 16, STAGES = 3;
    static constexpr int VECTOR = 8;                       // elements of one copy of 16 bytes
    static constexpr int PAD_ALONG = 8, PAD_ACROSS = 8;    // rows 16 bytes apart in the banks: no conflicts of ldmatrix

    // matrices in the order (row, k), (row + 8, k), (row, k + 8), (row + 8, k + 8)
    template <Layout A, int LENGTH> DEVICE static void load_left(word (&r)[4], const Half* a, int row, int k)
    {
        static_assert(LENGTH / VECTOR % 2 == 1, "no bank conflicts");
        if (A == ALONG_DEPTH)
            load_matrices(r, a + (row + lane() % 16) * LENGTH + k + lane() / 16 * 8);
        else
            load_matrices_transposed(r, a + (k + lane() % 8 + lane() / 16 * 8) * LENGTH + row + lane() / 8 % 2 * 8);
    }

    // matrices in the order (k, column), (k + 8, column), (k, column + 8), (k + 8, column + 8)
    template <Layout B, int LENGTH> DEVICE static void load_right(word (&r)[4], const Half* b, int column, int k)
    {
        static_assert(LENGTH / VECTOR % 2 == 1, "no bank conflicts");
        if (B == ALONG_DEPTH)
            load_matrices(r, b + (column + lane() % 8 + lane() / 16 * 8) * LENGTH + k + lane() / 8 % 2 * 8);
        else
            load_matrices_transposed(r, b + (k + lane() % 16) * LENGTH + column + lane() / 16 * 8);
    }
};

// For compute capability 7.5: half as deep at once, and a third stage would gain nothing where copies are done at once.
struct FlatFloat16Fragments : HalfFragments<f16>
{
    static constexpr int STAGES = 2;

    DEVICE static void multiply_add(float (&d)[4], const word (&a)[4], word b0, word b1)
    {
        multiply_add_f16_flat(d, a[0], a[1], b0);
        multiply_add_f16_flat(d, a[MUTANT(f16_first_half_twice) ? 0 : 2], a[3], b1);
    }
};

#if HAS_LATER_TENSOR_CORES
struct Float16Fragments : HalfFragments<f16>
{
    DEVICE static void multiply_add(float (&d)[4], const word (&a)[4], word b0, word b1)
    {
        multiply_add_f16(d, a, b0, b1);
    }
};

struct BFloat16Fragments : HalfFragments<bf16>
{
    DEVICE static void multiply_add(float (&d)[4], const word (&a)[4], word b0, word b1)
    {
        multiply_add_bf16(d, a, b0, b1);
    }
};

// float32, rounded to tf32 on its way into the multiplication: a word is one number, so eight rows of 16 bytes, which
// ldmatrix takes for 8 × 8 halves, are 8 × 4 numbers. It cannot transpose them: across the depth each lane reads its
// own.
struct Tf32Fragments
{
    typedef float Element;
    static constexpr int DEPTH = 16, STEP = 8, STAGES = 3, VECTOR = 4;
    // Along the depth rows of 20 words: the eight that ldmatrix reads at once begin at eight different multiples of 4
    // banks. Across it a warp reads eight neighbours of each of four rows: rows of 16, 64 or 128, and 8 words more,
    // begin 8 or 24 banks apart.
    static constexpr int PAD_ALONG = 4, PAD_ACROSS = 8;

    // words in the order (row, k), (row + 8, k), (row, k + 4), (row + 8, k + 4), plus lane / 4 rows and lane % 4 steps
    template <Layout A, int LENGTH> DEVICE static void load_left(word (&r)[4], const float* a, int row, int k)
    {
        static_assert(A == ALONG_DEPTH ? LENGTH / 4 % 2 == 1 : LENGTH % 16 == 8, "no bank conflicts");
        if (A == ALONG_DEPTH)
            load_matrices(r, a + (row + lane() % 16) * LENGTH + k + lane() / 16 * 4);
        else
        {
#pragma unroll
            for (int q = 0; q < 4; q++)
                r[q] = float_to_bits(a[(k + lane() % 4 + q / 2 * 4) * LENGTH + row + lane() / 4 + q % 2 * 8]);
        }
        if (MUTANT(tf32_left_order)) swap(r[1], r[2]);
        round(r);
    }

    // words in the order (k, column), (k + 4, column), (k, column + 8), (k + 4, column + 8), plus lane % 4 steps and
    // lane / 4 columns
    template <Layout B, int LENGTH> DEVICE static void load_right(word (&r)[4], const float* b, int column, int k)
    {
        static_assert(B == ALONG_DEPTH ? LENGTH / 4 % 2 == 1 : LENGTH % 16 == 8, "no bank conflicts");
        if (B == ALONG_DEPTH)
            load_matrices(r, b + (column + lane() % 8 + lane() / 16 * 8) * LENGTH + k + lane() / 8 % 2 * 4);
        else
        {
#pragma unroll
            for (int q = 0; q < 4; q++)
                r[q] = float_to_bits(b[(k + lane() % 4 + q % 2 * 4) * LENGTH + column + lane() / 4 + q / 2 * 8]);
        }
        if (MUTANT(tf32_right_order)) swap(r[1], r[2]);
        round(r);
    }

    DEVICE static void multiply_add(float (&d)[4], const word (&a)[4], word b0, word b1)
    {
        multiply_add_tf32(d, a, b0, b1);
    }

    DEVICE static void round(word (&r)[4])
    {
#pragma unroll
        for (int q = 0; q < 4; q++)
            if (!MUTANT(tf32_cut_off)) r[q] = to_tf32(bits_to_float(r[q]));
    }
};
#endif

// WARPS_M × WARPS_N warps, each with 16 × 8 fragments of its part of the tile.
template <class Fragments, int ROWS_, int COLUMNS_, int WARPS_M, int WARPS_N> struct TensorTile
{
    typedef typename Fragments::Element Element;
    static constexpr int ROWS = ROWS_, COLUMNS = COLUMNS_, THREADS = 32 * WARPS_M * WARPS_N;
    static constexpr int DEPTH = Fragments::DEPTH, STAGES = Fragments::STAGES, VECTOR = Fragments::VECTOR;
    static constexpr int PAD_ALONG = Fragments::PAD_ALONG, PAD_ACROSS = Fragments::PAD_ACROSS;
    static constexpr int ROW_PARTS = WARPS_N;
    static constexpr int HEIGHT = ROWS / WARPS_M, WIDTH = COLUMNS / WARPS_N;
    static constexpr int FRAGMENTS_M = HEIGHT / 16, FRAGMENTS_N = WIDTH / 8;
    static constexpr int ROWS_A_THREAD = 2 * FRAGMENTS_M;
    static_assert(HEIGHT % 16 == 0 && WIDTH % 16 == 0, "fragments of B are loaded in pairs");

    float sum[FRAGMENTS_M][FRAGMENTS_N][4];

    DEVICE static int first_row() { return thread_index / 32 % WARPS_M * HEIGHT; }
    DEVICE static int first_column() { return thread_index / 32 / WARPS_M * WIDTH; }

    DEVICE void clear()
    {
#pragma unroll
        for (int i = 0; i < FRAGMENTS_M; i++)
#pragma unroll
            for (int j = 0; j < FRAGMENTS_N; j++)
#pragma unroll
                for (int q = 0; q < 4; q++) sum[i][j][q] = 0;
    }

    template <Layout A, Layout B> DEVICE void multiply(const Element* a, const Element* b)
    {
        constexpr int length_a = row_length<TensorTile, A, ROWS>, length_b = row_length<TensorTile, B, COLUMNS>;
#pragma unroll
        for (int k = 0; k < DEPTH; k += Fragments::STEP)
        {
            word left[FRAGMENTS_M][4], right[FRAGMENTS_N / 2][4];
#pragma unroll
            for (int i = 0; i < FRAGMENTS_M; i++)
                Fragments::template load_left<A, length_a>(left[i], a, first_row() + i * 16, k);
#pragma unroll
            for (int j = 0; j < FRAGMENTS_N / 2; j++)
                Fragments::template load_right<B, length_b>(right[j], b, first_column() + j * 16, k);
#pragma unroll
            for (int i = 0; i < FRAGMENTS_M; i++)
#pragma unroll
                for (int j = 0; j < FRAGMENTS_N; j++)
                    Fragments::multiply_add(sum[i][j], left[i], right[j / 2][j % 2 * 2], right[j / 2][j % 2 * 2 + 1]);
        }
    }

    // Calls visit(i, row, column, sum, sum of column + 1); i numbers the rows of this thread.
    template <class Visit> DEVICE void visit(Visit visit)
    {
#pragma unroll
        for (int i = 0; i < ROWS_A_THREAD; i++)
#pragma unroll
            for (int j = 0; j < FRAGMENTS_N; j++)
            {
                const int column = first_column() + j * 8 + lane() % 4 * 2;
                visit(i, row_of(i), column, sum[i / 2][j][i % 2 * 2], sum[i / 2][j][i % 2 * 2 + 1]);
            }
    }

    DEVICE static int row_of(int i) { return first_row() + i / 2 * 16 + i % 2 * 8 + lane() / 4; }

    // Adds up what the threads of one row of this warp hold; one of them gets to write it.
    DEVICE static float sum_of_row(float value)
    {
        if (MUTANT(no_quad_sum)) return value;
        value += shuffle_xor(value, 1);
        return value + shuffle_xor(value, 2);
    }
    DEVICE static bool writes_row() { return lane() % 4 == 0; }
    DEVICE static int row_part() { return thread_index / 32 / WARPS_M; }
};
#endif

// 16 × 16 threads, each with every second pair of columns of its rows.
template <int ROWS_, int COLUMNS_> struct FloatTile
{
    typedef float Element;
    static constexpr int ROWS = ROWS_, COLUMNS = COLUMNS_, DEPTH = 16, STAGES = 2, THREADS = 256, VECTOR = 1;
    static constexpr int PAD_ALONG = 1, PAD_ACROSS = 1, ROW_PARTS = 1, ROWS_A_THREAD = ROWS / 16, PAIRS = COLUMNS / 32;
    static_assert(ROWS % 16 == 0 && COLUMNS % 32 == 0, "every thread has the same number of pairs");

    float sum[ROWS_A_THREAD][PAIRS][2];

    DEVICE static int first_row() { return thread_index / 16 * ROWS_A_THREAD; }
    DEVICE static int column_of(int j) { return j * 32 + thread_index % 16 * 2; }

    DEVICE void clear()
    {
#pragma unroll
        for (int i = 0; i < ROWS_A_THREAD; i++)
#pragma unroll
            for (int j = 0; j < PAIRS; j++) sum[i][j][0] = sum[i][j][1] = 0;
    }

    template <Layout A, Layout B> DEVICE void multiply(const float* a, const float* b)
    {
#pragma unroll 4
        for (int k = 0; k < DEPTH; k++)
#pragma unroll
            for (int i = 0; i < ROWS_A_THREAD; i++)
#pragma unroll
                for (int j = 0; j < PAIRS; j++)
                {
                    float left = at<A, ROWS>(a, first_row() + i, k);
                    sum[i][j][0] += left * at<B, COLUMNS>(b, column_of(j), k);
                    sum[i][j][1] += left * at<B, COLUMNS>(b, column_of(j) + 1, k);
                }
    }

    template <Layout L, int COUNT> DEVICE static float at(const float* operand, int i, int k)
    {
        constexpr int length = row_length<FloatTile, L, COUNT>;
        return L == ALONG_DEPTH ? operand[i * length + k] : operand[k * length + i];
    }

    template <class Visit> DEVICE void visit(Visit visit)
    {
#pragma unroll
        for (int i = 0; i < ROWS_A_THREAD; i++)
#pragma unroll
            for (int j = 0; j < PAIRS; j++) visit(i, row_of(i), column_of(j), sum[i][j][0], sum[i][j][1]);
    }

    DEVICE static int row_of(int i) { return first_row() + i; }

    DEVICE static float sum_of_row(float value)
    {
#pragma unroll
        for (int mask = 1; mask < 16; mask *= 2) value += shuffle_xor(value, mask);
        return value;
    }
    DEVICE static bool writes_row() { return thread_index % 16 == 0; }
    DEVICE static int row_part() { return 0; }
};

template <class Tile, Layout L, int COUNT> constexpr int operand_size =
    (L == ALONG_DEPTH ? COUNT : Tile::DEPTH) * row_length<Tile, L, COUNT>;

// Elements of shared memory that multiply_tile uses.
template <class Tile, Layout A, Layout B> constexpr int stages_size =
    Tile::STAGES * (operand_size<Tile, A, Tile::ROWS> + operand_size<Tile, B, Tile::COLUMNS>);

// One operand: row(r) gives an address or null; `first` and `width` are those of the elements across the depth. Copies
// from outside read nothing but are given `anywhere`, a valid address.
template <class Row, class Element> struct Operand { Row row; const Element* anywhere; int first, width; };
template <class Row, class Element>
DEVICE Operand<Row, Element> operand(Row row, const Element* anywhere, int first, int width)
{
    return {row, anywhere, first, width};
}

// Copies one stage of one operand.
template <class Tile, Layout L, int COUNT, class Row>
DEVICE void load_operand(
    typename Tile::Element* to, const Operand<Row, typename Tile::Element>& from, int k, int depth)
{
    constexpr int rows = L == ALONG_DEPTH ? COUNT : Tile::DEPTH, width = L == ALONG_DEPTH ? Tile::DEPTH : COUNT;
    constexpr int copies = width / Tile::VECTOR;
    const int first_row = L == ALONG_DEPTH ? 0 : k, first = L == ALONG_DEPTH ? k : from.first;
    const int row_end = L == ALONG_DEPTH || MUTANT(no_depth_bound) ? first_row + rows : depth;
    const int end = L == ALONG_DEPTH ? depth : MUTANT(no_column_bound) ? first + width : from.width;
#pragma unroll
    for (int copy = thread_index; copy < rows * copies; copy += Tile::THREADS)
    {
        const int row = copy / copies, column = copy % copies * Tile::VECTOR;
        const typename Tile::Element* source = first_row + row < row_end ? from.row(first_row + row) : nullptr;
        const bool inside = source != nullptr && first + column < end;
        void* target = to + row * row_length<Tile, L, COUNT> + column;
        const void* address = inside ? source + first + column : from.anywhere;
        if (Tile::VECTOR == 1) copy_async4(target, address, inside);
        else copy_async16(target, address, inside);
    }
}

// Fills tile.sum. While one stage is multiplied the next ones are on their way. Ends with nothing on its way, but not
// with a barrier: whoever writes to `shared` afterwards needs one first.
template <class Tile, Layout A, Layout B, class RowA, class RowB>
DEVICE void multiply_tile(
    Tile& tile, typename Tile::Element* shared, const Operand<RowA, typename Tile::Element>& a,
    const Operand<RowB, typename Tile::Element>& b, int depth)
{
    constexpr int size_a = operand_size<Tile, A, Tile::ROWS>, size_b = operand_size<Tile, B, Tile::COLUMNS>;
    const int steps = ceil_div(depth, Tile::DEPTH);
    auto load = [&](int step)
    {
        auto* stage = shared + step % Tile::STAGES * (size_a + size_b);
        if (step < steps)
        {
            load_operand<Tile, A, Tile::ROWS>(stage, a, step * Tile::DEPTH, depth);
            load_operand<Tile, B, Tile::COLUMNS>(stage + size_a, b, step * Tile::DEPTH, depth);
        }
        copy_commit();
    };

    tile.clear();
    for (int step = 0; step < Tile::STAGES - 1; step++) load(step);
    for (int step = 0; step < steps; step++)
    {
        // this step's stage has come, and nobody reads the one before any longer, which the next load overwrites
        if (!MUTANT(no_wait)) copy_wait<Tile::STAGES - 2>();
        if (MUTANT(load_too_early)) load(step + Tile::STAGES - 1);
        if (!MUTANT(no_barrier)) barrier();
        if (!MUTANT(load_too_early)) load(step + Tile::STAGES - 1);
        auto* stage = shared + step % Tile::STAGES * (size_a + size_b);
        tile.template multiply<A, B>(stage, stage + size_a);
    }
    copy_wait<0>();
}
