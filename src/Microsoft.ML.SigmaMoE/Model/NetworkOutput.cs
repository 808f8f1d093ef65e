using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What the layers make of a segment.</summary>
/// <param name="Hidden">[batch, time, d_model]: the last layer's output after the final normalisation.</param>
/// <param name="LayerOutputs">Each layer's output, [batch, time, d_model]; only where asked for.</param>
/// <param name="Routings">Where each layer with experts sent its tokens.</param>
internal sealed record NetworkOutput(
    Tensor Hidden, IReadOnlyList<Tensor> LayerOutputs, IReadOnlyList<Routing> Routings);
