using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The readable truth: libtorch's operations on any device, with every gathered row in memory at once, [tokens · J,
/// width].
/// </summary>
internal sealed class TorchGatherBackend : IGatherBackend
{
    public string Name => "libtorch";

    public Tensor Sum(in GatherInputs inputs)
    {
        using var scope = NewDisposeScope();
        var weights = inputs.Weights.to(inputs.Values.dtype).unsqueeze(1);                     // [tokens, 1, J]
        return MatrixProduct.Of(weights, Gathered(inputs)).squeeze(1).to(ScalarType.Float32)
            .MoveToOuterDisposeScope();                                                        // [tokens, width]
    }

    public Tensor ByWeights(Tensor gradient, in GatherInputs inputs)
    {
        using var scope = NewDisposeScope();
        var arriving = gradient.to(inputs.Values.dtype).unsqueeze(-1);                         // [tokens, width, 1]
        return MatrixProduct.Of(Gathered(inputs), arriving).squeeze(-1).to(ScalarType.Float32)
            .MoveToOuterDisposeScope();
    }

    public Tensor ByValues(Tensor gradient, in GatherInputs inputs)
    {
        using var scope = NewDisposeScope();
        var slots = inputs.Weights.unsqueeze(-1) * gradient.unsqueeze(1);                      // [tokens, J, width]
        var result = zeros(inputs.Values.shape, dtype: ScalarType.Float32, device: gradient.device);
        result.AddRowsInPlace(inputs.Chosen.flatten(), slots.flatten(0, 1));
        return result.MoveToOuterDisposeScope();
    }

    private static Tensor Gathered(in GatherInputs inputs) =>
        inputs.Values.index_select(0, inputs.Chosen.flatten()).view([.. inputs.Chosen.shape, inputs.Values.size(1)]);
}
