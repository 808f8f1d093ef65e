namespace Microsoft.ML.SigmaMoE;

// Checkpoints of the authors' code, in both directions.
public sealed partial class LanguageModel
{
    /// <summary>Makes a model of a checkpoint of the authors' code.</summary>
    /// <param name="path">
    /// A checkpoint of the paper's code (.pth), or a safetensors file with its names. No code in a file is ever run.
    /// </param>
    /// <param name="options">What the file does not say; null where it says all.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is damaged, or is no checkpoint that this library knows.</exception>
    /// <exception cref="ArgumentException">The options lack something, or contradict the file.</exception>
    /// <exception cref="NotSupportedException">The model is one that this library cannot compute.</exception>
    public static LanguageModel Import(string path, ImportOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new();
        var device = ComputeDevice.Choose(options.GpuDeviceId, options.FallbackToCpu);
        return new(CheckpointImport.Read(path, options, device));
    }

    /// <summary>
    /// Writes the weights, float32, as a safetensors file with the names of the authors' code, which
    /// <see cref="Import"/> reads back bit for bit. The tokenizer is not in it.
    /// </summary>
    /// <param name="path">The file, replaced only when the new one is complete.</param>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public void Export(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var network = _network.Copy();
        var metadata = CheckpointMetadata.Write(Options, VocabularySize);
        AtomicFile.Write(path, stream => NetworkWeights.Write(stream, network.Value, metadata));
    }
}
