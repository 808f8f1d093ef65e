namespace Microsoft.ML.SigmaMoE;

/// <summary>What a network wants of libtorch's float32 products; a later wish goes before an earlier one.</summary>
internal enum Float32Wish
{
    /// <summary>tf32 on GPUs, for <see cref="Precision.TensorFloat32"/>.</summary>
    RoundedOnGpu,

    /// <summary>oneDNN on the processor, where it is faster and as exact. It lets GPUs round to tf32 as well.</summary>
    FastOnProcessor,

    /// <summary>No rounding on GPUs.</summary>
    ExactOnGpu,
}
