using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Attention in bfloat16 over oneDNN's small products; sums are float32.</summary>
internal sealed unsafe class BFloat16AttentionKernel : IAttentionKernel
{
    public ScalarType Type => ScalarType.BFloat16;

    public Tensor MakeProbabilities(AttentionShape shape) =>
        empty(shape.Batch, shape.Heads, shape.Time, shape.PaddedKeys, dtype: Type);

    public void Forward(AttentionInputs inputs, AttentionShape shape, Tensor? probabilities, Tensor attended)
    {
        var call = new BFloat16AttentionCall(inputs, shape);
        var kept = TensorMemory.Of<ushort>(probabilities);
        var target = TensorMemory.Of<ushort>(attended);
        CpuWork.Run(CpuWork.Threads, shape.Heads * shape.Batch, () => new AttentionForwardPass(call), (pass, piece) =>
            pass.Run(piece % shape.Batch, piece / shape.Batch, kept, target));
    }

    public void Backward(
        AttentionInputs inputs, AttentionShape shape, Tensor probabilities, Tensor arriving, AttentionInputs gradients)
    {
        var call = new BFloat16AttentionCall(inputs, shape);
        var pieces = AttentionPieces.Of(shape);
        AttentionBackwardPass[] passes =
            [.. Enumerable.Range(0, shape.Heads * pieces.Count).Select(piece => new AttentionBackwardPass(call, piece / pieces.Count))];
        var kept = TensorMemory.Of<ushort>(probabilities);
        var from = TensorMemory.Of<ushort>(arriving);
        var byQueries = TensorMemory.Of<ushort>(gradients.Queries);
        var byKeys = TensorMemory.Of<ushort>(gradients.KeysAndValues);
        CpuWork.Run(CpuWork.Threads, passes.Length, place =>
        {
            var (first, end) = pieces.Rows(place % pieces.Count);
            passes[place].Run(first, end, kept, from, byQueries, byKeys);
        });
        foreach (var (head, parts) in passes.Chunk(pieces.Count).Index())
        {
            Array.ForEach(parts[1..], part => parts[0].ByPlaces.Add(part.ByPlaces));
            parts[0].ByPlaces.Write(TensorMemory.Of<ushort>(gradients.Places) + head * shape.HeadSize, call.Stride);
        }

        AttentionSums.Write([.. passes.Select(pass => pass.Sums)], inputs, gradients);
        Array.ForEach(passes, pass => pass.Dispose());
    }
}
