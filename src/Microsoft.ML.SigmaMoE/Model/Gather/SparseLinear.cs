using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// x · weightᵀ over those numbers of x that are not 0, in float32 on the processor. Numbers that are 0 get no gradient:
/// it is for an x whose other numbers an activation or a mask has set to 0, where none would go on.
/// </summary>
internal sealed class SparseLinear : GuardedFunction<SparseLinear>
{
    // With fewer tokens, turning the weights round costs what is saved; of a larger share of numbers libtorch's blocked
    // product, which reads a weight once for many tokens, is faster. Tuned against it at d_ff 1024 to 4096:
    // docs/performance.md.
    private const int LeastTokens = 512, LeastInputsForOne = 16;

    public override string Name => nameof(SparseLinear);

    /// <summary>Gets whether it is faster than the dense product.</summary>
    /// <param name="tokens">Rows of x.</param>
    /// <param name="kept">Numbers of a row that are not 0.</param>
    /// <param name="inputs">All numbers of a row.</param>
    public static bool Pays(long tokens, long kept, long inputs) =>
        tokens >= LeastTokens && LeastInputsForOne * kept <= inputs;

    /// <summary>Gets whether a product can be computed so.</summary>
    /// <param name="x">[tokens, inputs].</param>
    /// <param name="weight">[outputs, inputs], float32.</param>
    public static bool Takes(Tensor x, Tensor weight) =>
        FusedKernels.AreAllowed && x.device_type == DeviceType.CPU && x.dtype == ScalarType.Float32
        && SparseProducts.Take(weight.size(0))
        && Math.Max(x.size(0) * Math.Max(weight.size(0), weight.size(1)), weight.numel()) < int.MaxValue / sizeof(float);

    /// <summary>Computes [tokens, outputs]; records a gradient only where one is wanted.</summary>
    /// <param name="x">[tokens, inputs].</param>
    /// <param name="weight">[outputs, inputs].</param>
    public static Tensor Apply(Tensor x, Tensor weight)
    {
        if (is_grad_enabled())
        {
            return apply(x, AsView(weight));
        }

        using var scope = NewDisposeScope();
        return SparseProducts.Sum(SparseMatrix.OfNonZeros(x.contiguous()), Turned(weight)).MoveToOuterDisposeScope();
    }

    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var (x, weight) = ((Tensor)vars[0], (Tensor)vars[1]);
        var (matrix, rows) = (SparseMatrix.OfNonZeros(x.contiguous()), Turned(weight)); // rows: [inputs, outputs]
        ctx.save_for_backward([matrix.Offsets, matrix.Places, matrix.Factors, rows]);
        return SparseProducts.Sum(matrix, rows);
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var saved = ctx.get_saved_variables();
        var (rows, gradient) = (saved[3], grad_output.contiguous());
        var matrix = new SparseMatrix(saved[0], saved[1], saved[2], (int)rows.size(0));
        var byX = matrix.Spread(SparseProducts.Dots(matrix, gradient, rows));                  // [tokens, inputs]
        var byWeight = Turned(SparseProducts.Sum(matrix.Transposed(), gradient));              // [outputs, inputs]
        return [byX, byWeight];
    }

    private static Tensor Turned(Tensor matrix) => matrix.t().contiguous();
}
