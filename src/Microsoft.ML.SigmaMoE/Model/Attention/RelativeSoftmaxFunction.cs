using TorchSharp;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// <see cref="RelativeSoftmax"/> row by row in the first-level cache. Query i sees the keys j of its window up
/// to M + i; the logit by position of key j stands at j + T − 1 − i. Backward: dlogit = p · (dp − Σ p · dp), to both.
/// </summary>
internal sealed class RelativeSoftmaxFunction : GuardedFunction<RelativeSoftmaxFunction>
{
    public override string Name => nameof(RelativeSoftmaxFunction);

    /// <summary>Computes probabilities, [batch, heads, T, S]; records a gradient only where one is wanted.</summary>
    public static Tensor Apply(Tensor content, Tensor byPosition, KeyWindows windows) =>
        is_grad_enabled() ? apply(content, byPosition, windows) : Probabilities(content, byPosition, windows);

    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var windows = (KeyWindows)vars[2];
        var probabilities = Probabilities((Tensor)vars[0], (Tensor)vars[1], windows);
        ctx.save_for_backward([probabilities.detach()]); // the output itself would hold the node that holds it
        ctx.save_data(nameof(KeyWindows), windows);
        return probabilities;
    }

    protected override List<Tensor> Differentiate(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var probabilities = ctx.get_saved_variables()[0];
        var (byContent, byPosition) = (zeros_like(probabilities), zeros_like(probabilities));
        using var gradient = grad_output.to(probabilities.dtype).contiguous();
        var (p, dp) = (new TensorRows(probabilities), new TensorRows(gradient));
        var (toContent, toPosition) = (new TensorRows(byContent), new TensorRows(byPosition));
        var view = new Window((KeyWindows)ctx.get_data(nameof(KeyWindows)), probabilities.size(1));
        EachRow(p, (row, x, y) =>
        {
            var (first, count, shift) = view.Of(row);
            var values = x[..count];
            var by = y[..count];
            p.Read(row, first, values);
            dp.Read(row, first, by);
            var mean = TensorPrimitives.Dot<float>(values, by);
            TensorPrimitives.Subtract(by, mean, by);
            TensorPrimitives.Multiply(by, values, by);
            toContent.Write(row, first, by);
            toPosition.Write(row, first + shift, by);
        });
        return [byContent, byPosition, null!];
    }

    private static Tensor Probabilities(Tensor content, Tensor byPosition, KeyWindows windows)
    {
        using var local = content.contiguous();
        using var localPosition = byPosition.contiguous();
        var probabilities = zeros_like(local);
        var (logits, places, target) =
            (new TensorRows(local), new TensorRows(localPosition), new TensorRows(probabilities));
        var view = new Window(windows, content.size(1));
        EachRow(logits, (row, x, y) =>
        {
            var (first, count, shift) = view.Of(row);
            var values = x[..count];
            var place = y[..count];
            logits.Read(row, first, values);
            places.Read(row, first + shift, place);
            var (_, sum) = SoftmaxRow.Exponentiate(values, place);
            TensorPrimitives.Multiply(values, 1 / sum, values);
            target.Write(row, first, values);
        });
        return probabilities;
    }

    private static void EachRow(TensorRows rows, RowWork work) => CpuWork.Each(rows.Count, (first, end) =>
    {
        var (x, y) = (new float[rows.Width], new float[rows.Width]);
        for (var row = first; row < end; row++)
        {
            work(row, x, y);
        }
    });

    private delegate void RowWork(long row, Span<float> x, Span<float> y);

    /// <summary>Which keys a row's query sees.</summary>
    private readonly record struct Window(KeyWindows Windows, long Heads)
    {
        /// <summary>Gets the first key, how many, and how far their logits by position stand to the right.</summary>
        public (int First, int Count, int Shift) Of(long row)
        {
            var (time, query) = (Windows.Time, row % Windows.Time);
            var first = Windows.First(row / (time * Heads), query);
            return (first, (int)(Windows.Memory + query + 1 - first), (int)(time - 1 - query));
        }
    }
}
