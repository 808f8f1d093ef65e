using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// One mixture of experts in a file of its own, with the names of the authors' plug-and-play layer (their moe_layer
/// repository): keys [E, D, G], values [E, G, D_out], expert_sel [E, D], and bias [E, G] and o_bias [D_out] where it
/// has biases.
/// </summary>
internal static class ExpertLayerFile
{
    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };

    /// <summary>
    /// Replaces the weights of a block with those of a file: safetensors, or what torch.save made of a state_dict.
    /// </summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is damaged, or its tensors are not those of such a block.</exception>
    public static void Read(string path, MixtureOfExperts block)
    {
        using var checkpoint = CheckpointFile.Open(path);
        CheckpointWeights.Fill(checkpoint, block, ExpertLayerNames.Table, _ => false);
    }

    /// <summary>Writes the weights of a block as safetensors.</summary>
    public static void Write(string path, MixtureOfExperts block)
    {
        using var scope = NewDisposeScope();
        var weights = block.named_parameters().Select(
            weight => ExpertLayerNames.Table.ToFile(weight.name, weight.parameter));
        SafeTensorsFile.Write(path, weights, Metadata);
    }
}
