namespace Microsoft.ML.SigmaMoE;

// Checkpoints of the authors' code, in both directions.
public sealed partial class LanguageModel
{
    /// <summary>Makes a model of a checkpoint of the authors' code.</summary>
    /// <param name="path">
    /// A checkpoint of the paper's code (.pth), or a safetensors file with its names; a folder with config.json and
    /// weights in the Hugging Face form (SigmaMoEForCausalLM). Weights may stand in several safetensors files beside
    /// their index, model.safetensors.index.json. No code in a file is ever run.
    /// </param>
    /// <param name="options">What the file does not say; null where it says all.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is damaged, or is no checkpoint that this library knows.</exception>
    /// <exception cref="ArgumentException">
    /// Neither the file nor the options say enough, or they contradict each other.
    /// </exception>
    /// <exception cref="NotSupportedException">The model is one that this library cannot compute.</exception>
    public static LanguageModel Import(string path, ImportOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new();
        var device = ComputeDevice.Choose(options.GpuDeviceId, options.FallbackToCpu);
        return new(CheckpointImport.Read(path, options, device));
    }

    /// <summary>
    /// Writes the weights, float32, as safetensors with the names of the authors' code: those of the paper, or for a
    /// model with rotary attention those of the Hugging Face form. <see cref="Import"/> reads them back bit for bit.
    /// The tokenizer is not in them.
    /// </summary>
    /// <param name="path">
    /// A file that ends with .safetensors, or a folder, which gets model.safetensors and, in the Hugging Face form,
    /// config.json. What is there is replaced only when the new is complete.
    /// </param>
    /// <exception cref="NotSupportedException">
    /// The model has rotary attention and something that the Hugging Face form lacks.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public void Export(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var network = _network.Copy();
        CheckpointExport.Write(path, Options, network.Value);
    }

    /// <summary>
    /// Writes the mixture of experts of one layer, float32, as a safetensors file with the names of the authors'
    /// plug-and-play layer: keys, values, expert_sel, and bias and o_bias where it has biases.
    /// </summary>
    /// <param name="layer">1 to the number of layers.</param>
    /// <param name="path">The file, replaced only when the new one is complete.</param>
    /// <exception cref="ArgumentException">There is no such layer, or it has no experts.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public void ExportLayer(int layer, string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (layer < 1 || layer > Options.Model.LayerCount)
        {
            throw new ArgumentOutOfRangeException(
                nameof(layer), layer, $"Layer is {layer} but the model's layers are 1 to {Options.Model.LayerCount}.");
        }

        using var network = _network.Copy();
        var block = network.Value.Block(layer - 1) as MixtureOfExperts ?? throw new ArgumentException(
            $"Layer {layer} has no experts, so the plug-and-play layer cannot hold it.", nameof(layer));
        ExpertLayerFile.Write(path, block);
    }
}
