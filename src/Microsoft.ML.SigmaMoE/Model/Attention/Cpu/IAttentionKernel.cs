using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Relative attention between its projections on the processor, in one number type: heads are read where the
/// projections leave them, logits stay in the cache, and what is kept for the backward pass is the probabilities. For a
/// given number of threads results never change.
/// </summary>
internal interface IAttentionKernel
{
    /// <summary>Gets the number type of all tensors but biases and scale, which are float32.</summary>
    ScalarType Type { get; }

    /// <summary>Makes room for the probabilities, in the kernel's own order.</summary>
    Tensor MakeProbabilities(AttentionShape shape);

    /// <summary>Computes what was attended.</summary>
    /// <param name="inputs">Contiguous.</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="probabilities">Is set, as far as queries see; null where nobody needs them.</param>
    /// <param name="attended">[batch, T, heads · head]: is set.</param>
    void Forward(AttentionInputs inputs, AttentionShape shape, Tensor? probabilities, Tensor attended);

    /// <summary>Computes gradients.</summary>
    /// <param name="inputs">Contiguous.</param>
    /// <param name="shape">The sizes.</param>
    /// <param name="probabilities">As forward left them.</param>
    /// <param name="arriving">[batch, T, heads · head]: the gradient by what was attended, contiguous.</param>
    /// <param name="gradients">Are set.</param>
    void Backward(
        AttentionInputs inputs, AttentionShape shape, Tensor probabilities, Tensor arriving, AttentionInputs gradients);
}
