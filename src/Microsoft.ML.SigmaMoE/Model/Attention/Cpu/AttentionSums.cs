using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// What one head adds to the gradients by its biases and by the scale: logit = scale · (query + bias) · key, so that a
/// row's gradient g by the scaled query gives Σ scale · g to the bias, and Σ (query + bias) · g to the scale.
/// </summary>
internal sealed class AttentionSums(int headSize)
{
    private double _byScale;

    /// <summary>Gets Σ g by content, [head].</summary>
    public float[] ByContent { get; } = new float[headSize];

    /// <summary>Gets Σ g by position, [head].</summary>
    public float[] ByPosition { get; } = new float[headSize];

    /// <summary>Sets the gradients by biases and scale from the sums of all heads.</summary>
    /// <param name="pieces">As many of each head, head after head; sums are added in their order.</param>
    /// <param name="inputs">The biases and the scale.</param>
    /// <param name="gradients">Are set.</param>
    public static unsafe void Write(AttentionSums[] pieces, AttentionInputs inputs, AttentionInputs gradients)
    {
        var (heads, size, byScale) = ((int)inputs.ContentBias.size(0), (int)inputs.ContentBias.size(1), 0.0);
        var scale = *TensorMemory.Of<float>(inputs.Scale);
        foreach (var (head, parts) in pieces.Chunk(pieces.Length / heads).Index())
        {
            Span<float> Part(Tensor tensor) => new(TensorMemory.Of<float>(tensor) + head * size, size);
            var sums = parts[0];
            Array.ForEach(parts[1..], sums.Add);
            byScale += sums.ByScale(Part(inputs.ContentBias), Part(inputs.PositionBias));
            TensorPrimitives.Multiply(sums.ByContent, scale, Part(gradients.ContentBias));
            TensorPrimitives.Multiply(sums.ByPosition, scale, Part(gradients.PositionBias));
        }

        *TensorMemory.Of<float>(gradients.Scale) = (float)byScale;
    }

    /// <summary>Adds a row.</summary>
    public void Add(ReadOnlySpan<float> query, ReadOnlySpan<float> content, ReadOnlySpan<float> position)
    {
        TensorPrimitives.Add(ByContent, content, ByContent);
        TensorPrimitives.Add(ByPosition, position, ByPosition);
        _byScale += TensorPrimitives.Dot(query, content) + TensorPrimitives.Dot(query, position);
    }

    /// <summary>Adds another's sums.</summary>
    public void Add(AttentionSums other)
    {
        TensorPrimitives.Add(ByContent, other.ByContent, ByContent);
        TensorPrimitives.Add(ByPosition, other.ByPosition, ByPosition);
        _byScale += other._byScale;
    }

    /// <summary>Gets the gradient by the scale.</summary>
    public double ByScale(ReadOnlySpan<float> contentBias, ReadOnlySpan<float> positionBias) =>
        _byScale + TensorPrimitives.Dot(ByContent, contentBias) + TensorPrimitives.Dot(ByPosition, positionBias);
}
