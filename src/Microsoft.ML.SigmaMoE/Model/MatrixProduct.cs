using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What libtorch's matmul computes, by the operations underneath it. TorchSharp 0.107 lets what matmul throws through
/// native frames, which ends the process: where memory runs out, for one. What these throw arrives as an exception.
/// </summary>
internal static class MatrixProduct
{
    /// <summary>
    /// Multiplies the last two dimensions; leading ones are those of both, repeated where one has 1 or none.
    /// </summary>
    /// <param name="left">[.., rows, inner].</param>
    /// <param name="right">[.., inner, columns].</param>
    /// <returns>[.., rows, columns].</returns>
    /// <exception cref="System.Runtime.InteropServices.ExternalException">
    /// Sizes do not fit, or memory runs out.
    /// </exception>
    public static Tensor Of(Tensor left, Tensor right) => (left.dim(), right.dim()) switch
    {
        (2, 2) => left.mm(right),
        (3, 3) when left.size(0) == right.size(0) => left.bmm(right),
        ( > 2, 2) => left.flatten(0, -2).mm(right).view([.. left.shape[..^1], right.size(1)]),
        _ => OfBatches(left, right),
    };

    private static Tensor OfBatches(Tensor left, Tensor right)
    {
        long[] leading = [.. Leading(left.shape[..^2], right.shape[..^2])];
        Tensor Spread(Tensor tensor) =>
            tensor.expand([.. leading, .. tensor.shape[^2..]]).reshape(-1, tensor.size(-2), tensor.size(-1));
        return Spread(left).bmm(Spread(right)).view([.. leading, left.size(-2), right.size(-1)]);
    }

    // Of two lists of sizes that end together; what does not fit is libtorch's to say.
    private static IEnumerable<long> Leading(long[] one, long[] other)
    {
        var count = Math.Max(one.Length, other.Length);
        for (var place = count; place > 0; place--)
        {
            var (x, y) = (place > one.Length ? 1 : one[^place], place > other.Length ? 1 : other[^place]);
            yield return Math.Max(x, y);
        }
    }
}
