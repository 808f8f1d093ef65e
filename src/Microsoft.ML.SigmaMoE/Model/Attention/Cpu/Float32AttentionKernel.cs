using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Attention in float32 for one width of registers, in managed code alone.</summary>
internal sealed unsafe class Float32AttentionKernel<TLanes, TVector> : IAttentionKernel
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private const int SpareRows = 3;

    public ScalarType Type => ScalarType.Float32;

    // [batch · heads · T + some, stride]: products read up to three rows beyond the last
    public Tensor MakeProbabilities(AttentionShape shape) =>
        empty(((long)shape.Batch * shape.Heads * shape.Time) + SpareRows, Shape(shape).Stride, dtype: Type);

    public void Forward(AttentionInputs inputs, AttentionShape shape, Tensor? probabilities, Tensor attended)
    {
        var call = new FloatAttentionCall(inputs, Shape(shape));
        var kept = TensorMemory.Of<float>(probabilities);
        var target = TensorMemory.Of<float>(attended);
        CpuWork.Run(
            CpuWork.Threads, shape.Heads * shape.Batch, () => new FloatAttentionForwardPass<TLanes, TVector>(call),
            (pass, piece) => pass.Run(piece % shape.Batch, piece / shape.Batch, kept, target));
    }

    public void Backward(
        AttentionInputs inputs, AttentionShape shape, Tensor probabilities, Tensor arriving, AttentionInputs gradients)
    {
        var call = new FloatAttentionCall(inputs, Shape(shape));
        var pieces = AttentionPieces.Of(shape);
        FloatAttentionBackwardPass<TLanes, TVector>[] passes =
        [
            .. Enumerable.Range(0, shape.Heads * pieces.Count)
                .Select(piece => new FloatAttentionBackwardPass<TLanes, TVector>(call, piece / pieces.Count)),
        ];
        var kept = TensorMemory.Of<float>(probabilities);
        var from = TensorMemory.Of<float>(arriving);
        var byQueries = TensorMemory.Of<float>(gradients.Queries);
        var byKeys = TensorMemory.Of<float>(gradients.KeysAndValues);
        CpuWork.Run(CpuWork.Threads, passes.Length, place =>
        {
            var (first, end) = pieces.Rows(place % pieces.Count);
            passes[place].Run(first, end, kept, from, byQueries, byKeys);
        });
        foreach (var (head, parts) in passes.Chunk(pieces.Count).Index())
        {
            Array.ForEach(parts[1..], part => parts[0].ByPlaces.Add(part.ByPlaces));
            parts[0].ByPlaces.Write(TensorMemory.Of<float>(gradients.Places) + head * shape.HeadSize, call.Stride);
        }

        AttentionSums.Write([.. passes.Select(pass => pass.Sums)], inputs, gradients);
        Array.ForEach(passes, pass => pass.Dispose());
    }

    private static FloatAttentionShape Shape(AttentionShape sizes) => new(sizes, RegisterTiles<TLanes, TVector>.Panel);
}
