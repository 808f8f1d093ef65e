// to_bf16, to_f16: out[row, column] = in[row, column] rounded, 0 for columns from `width` up to `stride`, a multiple of 8.
// pad_rows: the same in float32, for tf32, whose copies need rows of a multiple of 4.
// in [rows, width] float32, out [rows, stride]. A thread makes eight neighbours, or four, which are written as one.
#include "parts.cuh"

#if HAS_BF16 || HAS_F16 || HAS_F16_FLAT
template <class Half> DEVICE void to_halves(const float* in, Half* out, Index rows, int width, int stride)
{
    const int across = stride / 8;
    for (Index i = (Index)block_index * 256 + thread_index; i < rows * across; i += (Index)block_count * 256)
    {
        const Index row = i / across;
        const int column = (int)(i % across) * 8;
        const float* source = in + row * width + column;
        float v[8];
        if (width % 4 == 0 && column + 8 <= width)
        {
            const Quad left = *(const Quad*)source, right = *(const Quad*)(source + 4);
            v[0] = left.a, v[1] = left.b, v[2] = left.c, v[3] = left.d;
            v[4] = right.a, v[5] = right.b, v[6] = right.c, v[7] = right.d;
        }
        else
        {
#pragma unroll
            for (int j = 0; j < 8; j++) v[j] = column + j < width ? source[j] : 0;
        }
        *(Words*)(out + row * stride + column) =
            {pack<Half>(v[0], v[1]), pack<Half>(v[2], v[3]), pack<Half>(v[4], v[5]), pack<Half>(v[6], v[7])};
    }
}
#endif

#if HAS_BF16
KERNEL(256) to_bf16(const float* in, bf16* out, Index rows, int width, int stride) { to_halves(in, out, rows, width, stride); }
#endif

#if HAS_F16 || HAS_F16_FLAT
KERNEL(256) to_f16(const float* in, f16* out, Index rows, int width, int stride) { to_halves(in, out, rows, width, stride); }
#endif

#if HAS_TF32
KERNEL(256) pad_rows(const float* in, float* out, Index rows, int width, int stride)
{
    const int across = stride / 4;
    for (Index i = (Index)block_index * 256 + thread_index; i < rows * across; i += (Index)block_count * 256)
    {
        const int column = (int)(i % across) * 4;
        const float* source = in + i / across * width;
        auto at = [&](int c) { return c < width || MUTANT(pads_with_the_next_row) ? source[c] : 0; };
        *(Quad*)(out + i * 4) = {at(column), at(column + 1), at(column + 2), at(column + 3)};
    }
}
#endif
