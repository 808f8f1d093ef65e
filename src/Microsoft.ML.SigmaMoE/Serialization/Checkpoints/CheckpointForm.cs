namespace Microsoft.ML.SigmaMoE;

/// <summary>Whose checkpoint it is: what its tensors are called, and what model they describe.</summary>
/// <param name="checkpoint">The tensors, under the names of <see cref="Names"/>.</param>
internal abstract class CheckpointForm(ICheckpoint checkpoint)
{
    /// <summary>Gets the tensors, under the names and in the layouts of <see cref="Names"/>.</summary>
    public ICheckpoint Stored => checkpoint;

    /// <summary>Gets the names of the form beside ours.</summary>
    public abstract WeightTable Names { get; }

    /// <summary>Recognises a checkpoint by its tensors.</summary>
    /// <exception cref="InvalidDataException">It is none of the known forms.</exception>
    public static CheckpointForm Of(ICheckpoint checkpoint) =>
        PaperForm.Recognises(checkpoint) ? new PaperForm(checkpoint)
        : HuggingFaceForm.Recognises(checkpoint) ? new HuggingFaceForm(checkpoint)
        : throw new InvalidDataException(
            $"'{checkpoint.Path}' holds {checkpoint.Tensors.Count} tensors, but neither '{PaperForm.Embedding}' as the paper's code "
            + $"stores it nor '{HuggingFaceForm.Embedding}' as the Hugging Face form does: it is no language model that this library knows.");

    /// <summary>Gets whether a tensor is no weight.</summary>
    public virtual bool IsIgnored(string name) => false;

    /// <summary>Finds out what model the checkpoint holds.</summary>
    /// <exception cref="InvalidDataException">
    /// The tensors do not fit each other, or describe what this library cannot compute.
    /// </exception>
    /// <exception cref="ArgumentException">The options lack something or contradict the file.</exception>
    public abstract ModelConfiguration Describe(ImportOptions options);

    /// <summary>Sends tokens to as many experts as the options say, if they do.</summary>
    protected static FeedForwardOptions WithActive(FeedForwardOptions feedForward, ImportOptions options) =>
        (feedForward, options.ActiveExperts) switch
        {
            (MixtureOfExpertsOptions mixture, { } active) => mixture with { ActiveExperts = active },
            (InterleavedOptions layers, not null) => layers with
            {
                Regular = WithActive(layers.Regular, options),
                Between = WithActive(layers.Between, options),
            },
            _ => feedForward,
        };
}
