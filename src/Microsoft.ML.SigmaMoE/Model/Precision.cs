using System.Text.Json.Serialization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The number format of matrix multiplications. Weights, normalisation, softmax and losses are always float32.
/// </summary>
[JsonConverter(typeof(EnumNameConverter<Precision>))]
public enum Precision
{
    /// <summary>
    /// bfloat16 where the processor or GPU multiplies it faster than float32, else float32. Of Intel's processors those
    /// with matrix units (AMX) do, of AMD's all that know bfloat16 (Zen 4 and later); on Linux alone, for elsewhere
    /// this library has no kernels for it.
    /// </summary>
    Automatic,

    /// <summary>float32 everywhere.</summary>
    Float32,

    /// <summary>bfloat16 matrix multiplications with float32 accumulation over float32 master weights.</summary>
    [JsonStringEnumMemberName("bfloat16")]
    BFloat16,

    /// <summary>
    /// float32 everywhere in memory; products of matrices are of numbers rounded to a mantissa of 10 bits on GPUs of
    /// compute capability 8.0 or more. The same as <see cref="Float32"/> on other devices.
    /// </summary>
    /// <remarks>
    /// While a language model in this precision lives on such a GPU, libtorch's switch
    /// torch.backends.cuda.matmul.allow_tf32, which is the process's, is on, unless SIGMAMOE_PROCESS_SETTINGS=off. It
    /// goes for the logits of routers too: a token may go to another expert than in <see cref="Float32"/>. A layer in a
    /// network of your own leaves the switch alone: there the experts' kernels round, and what libtorch multiplies is
    /// as you set it.
    /// </remarks>
    TensorFloat32,

    /// <summary>
    /// float16 matrix multiplications with float32 accumulation over float32 master weights, on GPUs; the same as
    /// <see cref="Float32"/> on processors. For GPUs that have no bfloat16 (compute capability 7.0 and 7.5); on others
    /// <see cref="BFloat16"/> is as fast and has more range.
    /// </summary>
    /// <remarks>
    /// Our kernels add in float32; libtorch's products may add some parts in float16, as
    /// torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction says, which is the process's and stays as it
    /// is. Training scales its losses, so that small gradients do not vanish, and leaves out steps whose gradients are
    /// too large for the scale (<see cref="TrainingProgress.SkippedSteps"/>). Around a layer in a network of your own
    /// that is left to you.
    /// </remarks>
    Float16,
}
