using TorchSharp;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Relative attention between its projections as one step in bfloat16 on the processor: heads are read where the projections
/// leave them, logits stay in the cache, and what is kept for the backward pass is the probabilities. For a given number of
/// threads results never change.
/// </summary>
internal sealed unsafe class RelativeAttentionFunction : autograd.SingleTensorFunction<RelativeAttentionFunction>
{
    public override string Name => nameof(RelativeAttentionFunction);

    /// <summary>Gets whether this can compute an attention.</summary>
    public static bool Takes(ScalarType type, Tensor queries, KeyWindows windows) =>
        type == ScalarType.BFloat16 && Brgemm.IsAvailable && queries.device_type == DeviceType.CPU
        && windows.Keys * windows.Time < int.MaxValue / 4 && 2 * queries.numel() < int.MaxValue / 4;

    /// <summary>Computes what was attended, [batch, T, heads · head], bfloat16; records a gradient only where one is wanted.</summary>
    public static Tensor Apply(AttentionInputs inputs, KeyWindows windows)
    {
        var shape = new AttentionShape(
            (int)inputs.Queries.shape[0], (int)inputs.ContentBias.shape[0], (int)inputs.ContentBias.shape[1], windows);
        return is_grad_enabled() ? apply([.. inputs.All, shape]) : Forward(AttentionInputs.Of(inputs.All), shape, null);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (inputs, shape) = (AttentionInputs.Of(vars), (AttentionShape)vars[6]);
        var probabilities = empty(shape.Batch, shape.Heads, shape.Time, shape.PaddedKeys, dtype: ScalarType.BFloat16);
        var attended = Forward(inputs, shape, probabilities);
        ctx.save_for_backward([.. inputs.All, probabilities]);
        ctx.save_data(nameof(AttentionShape), shape);
        return attended;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var saved = ctx.get_saved_variables();
        var (inputs, shape) = (AttentionInputs.Of(saved), (AttentionShape)ctx.get_data(nameof(AttentionShape)));
        var gradients = new AttentionInputs(
            empty_like(inputs.Queries), empty_like(inputs.KeysAndValues), empty_like(inputs.Places),
            empty_like(inputs.ContentBias), empty_like(inputs.PositionBias), empty_like(inputs.Scale));
        using var arriving = grad_output.to(ScalarType.BFloat16).contiguous();
        var call = new AttentionCall(inputs, shape);
        var pieces = Math.Clamp((CpuWork.Threads + shape.Heads - 1) / shape.Heads, 1, shape.Batch);   // of each head's rows
        AttentionBackwardPass[] passes =
            [.. Enumerable.Range(0, shape.Heads * pieces).Select(piece => new AttentionBackwardPass(call, piece / pieces))];
        var from = TensorMemory.Of<ushort>(arriving);
        var probabilities = TensorMemory.Of<ushort>(saved[6]);
        var byQueries = TensorMemory.Of<ushort>(gradients.Queries);
        var byKeys = TensorMemory.Of<ushort>(gradients.KeysAndValues);
        CpuWork.Run(CpuWork.Threads, passes.Length, place =>
        {
            var piece = place % pieces;
            passes[place].Run(
                shape.Batch * piece / pieces, shape.Batch * (piece + 1) / pieces, probabilities, from, byQueries, byKeys);
        });
        Finish(call, [.. passes.Chunk(pieces)], gradients);
        Array.ForEach(passes, pass => pass.Dispose());
        return [.. gradients.All, null!];
    }

    private static Tensor Forward(AttentionInputs inputs, AttentionShape shape, Tensor? probabilities)
    {
        var attended = empty_like(inputs.Queries);
        var call = new AttentionCall(inputs, shape);
        var kept = TensorMemory.Of<ushort>(probabilities);
        var target = TensorMemory.Of<ushort>(attended);
        CpuWork.Run(CpuWork.Threads, shape.Heads * shape.Batch, () => new AttentionForwardPass(call), (pass, piece) =>
            pass.Run(piece % shape.Batch, piece / shape.Batch, kept, target));
        return attended;
    }

    // Sums are added in the order of the rows.
    private static void Finish(AttentionCall call, AttentionBackwardPass[][] heads, AttentionInputs gradients)
    {
        var (size, byScale) = (call.Shape.HeadSize, 0.0);
        foreach (var (head, passes) in heads.Index())
        {
            var (sums, byPlaces) = (passes[0].Sums, passes[0].ByPlaces);
            foreach (var pass in passes.Skip(1))
            {
                sums.Add(pass.Sums);
                byPlaces.Add(pass.ByPlaces);
            }

            byPlaces.Write(TensorMemory.Of<ushort>(gradients.Places) + head * size, call.Stride);
            byScale += sums.ByScale(new(call.ContentBias(head), size), new(call.PositionBias(head), size));
            TensorPrimitives.Multiply(
                sums.ByContent, call.Scale, new Span<float>(TensorMemory.Of<float>(gradients.ContentBias) + head * size, size));
            TensorPrimitives.Multiply(
                sums.ByPosition, call.Scale, new Span<float>(TensorMemory.Of<float>(gradients.PositionBias) + head * size, size));
        }

        *TensorMemory.Of<float>(gradients.Scale) = (float)byScale;
    }
}
