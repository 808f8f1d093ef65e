using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Relative attention between its projections as one step of automatic differentiation, by an
/// <see cref="IAttentionKernel"/>.
/// </summary>
internal sealed class RelativeAttentionFunction : GuardedFunction<RelativeAttentionFunction>
{
    public override string Name => nameof(RelativeAttentionFunction);

    /// <summary>Gets whether this can compute an attention.</summary>
    public static bool Takes(ScalarType type, Tensor queries, KeyWindows windows) =>
        AttentionKernels.Of(type) is not null && queries.device_type == DeviceType.CPU
        && windows.Keys * windows.Time < int.MaxValue / 4 && 2 * queries.numel() < int.MaxValue / 4;

    /// <summary>
    /// Computes what was attended, [batch, T, heads · head], in the type of the queries; records a gradient only where
    /// one is wanted.
    /// </summary>
    public static Tensor Apply(AttentionInputs inputs, KeyWindows windows) =>
        Apply(inputs, windows, AttentionKernels.Of(inputs.Queries.dtype)!);

    /// <summary>Computes the same by a certain kernel.</summary>
    public static Tensor Apply(AttentionInputs inputs, KeyWindows windows, IAttentionKernel kernel)
    {
        var shape = new AttentionShape(
            (int)inputs.Queries.size(0), (int)inputs.ContentBias.size(0), (int)inputs.ContentBias.size(1), windows);
        return is_grad_enabled()
            ? apply([.. inputs.All, shape, kernel])
            : Forward(AttentionInputs.Of(inputs.All), shape, kernel, null);
    }

    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var (inputs, shape, kernel) = (AttentionInputs.Of(vars), (AttentionShape)vars[6], (IAttentionKernel)vars[7]);
        var probabilities = kernel.MakeProbabilities(shape);
        var attended = Forward(inputs, shape, kernel, probabilities);
        ctx.save_for_backward([.. inputs.All, probabilities]);
        ctx.save_data(nameof(AttentionShape), shape);
        ctx.save_data(nameof(IAttentionKernel), kernel);
        return attended;
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var saved = ctx.get_saved_variables();
        var (inputs, shape) = (AttentionInputs.Of(saved), (AttentionShape)ctx.get_data(nameof(AttentionShape)));
        var gradients = new AttentionInputs(
            empty_like(inputs.Queries), empty_like(inputs.KeysAndValues), empty_like(inputs.Places),
            empty_like(inputs.ContentBias), empty_like(inputs.PositionBias), empty_like(inputs.Scale));
        using var arriving = grad_output.to(inputs.Queries.dtype).contiguous();
        ((IAttentionKernel)ctx.get_data(nameof(IAttentionKernel))).Backward(
            inputs, shape, saved[6], arriving, gradients);
        return [.. gradients.All, null!, null!];
    }

    private static Tensor Forward(
        AttentionInputs inputs, AttentionShape shape, IAttentionKernel kernel, Tensor? probabilities)
    {
        var attended = empty_like(inputs.Queries);
        kernel.Forward(inputs, shape, probabilities, attended);
        return attended;
    }
}
