namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Files of the authors' plug-and-play layer (their moe_layer repository): keys, values, expert_sel, and bias and
/// o_bias where the layer has biases.
/// </summary>
public static class MixtureOfExpertsLayerFiles
{
    /// <summary>
    /// Writes the layer's weights, float32, as a safetensors file with the names of the authors' layer.
    /// </summary>
    /// <param name="layer">The layer.</param>
    /// <param name="path">The file, replaced only when the new one is complete.</param>
    public static void ExportWeights(this MixtureOfExpertsLayer layer, string path)
    {
        ArgumentNullException.ThrowIfNull(layer);
        ArgumentException.ThrowIfNullOrEmpty(path);
        ExpertLayerFile.Write(path, layer.Mixture);
    }

    /// <summary>
    /// Replaces the layer's weights with those of the authors' layer: a safetensors file, or what torch.save made of
    /// its state_dict. No code in a file is ever run.
    /// </summary>
    /// <param name="layer">A layer of the same sizes.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is damaged, or its tensors are not those of such a layer.</exception>
    public static void ImportWeights(this MixtureOfExpertsLayer layer, string path)
    {
        ArgumentNullException.ThrowIfNull(layer);
        ArgumentException.ThrowIfNullOrEmpty(path);
        ExpertLayerFile.Read(path, layer.Mixture);
    }
}
