using System.Numerics.Tensors;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Sums rows by token, for the tokens of one thread. A token's first row is set and only later ones are added, so that
/// nothing has to be cleared before: with K = 4 that is a quarter less memory to move, which is what the sums cost.
/// </summary>
/// <param name="target">[tokens, D]: the sums of all tokens.</param>
/// <param name="size">D.</param>
/// <param name="first">The thread's first token.</param>
/// <param name="end">Behind its last. Each token must get at least one row.</param>
internal sealed unsafe class TokenSums(float* target, int size, long first, long end)
{
    private readonly bool[] _isSet = new bool[end - first];

    /// <summary>Adds weight · row to a token's sum.</summary>
    public void Add(long token, float* row, float weight)
    {
        var sum = Of(token);
        var values = new ReadOnlySpan<float>(row, size);
        if (IsFirst(token))
        {
            TensorPrimitives.Multiply(values, weight, sum);
        }
        else
        {
            TensorPrimitives.MultiplyAdd(values, weight, sum, sum);
        }
    }

    /// <summary>Adds a row to a token's sum.</summary>
    public void Add(long token, float* row)
    {
        var sum = Of(token);
        var values = new ReadOnlySpan<float>(row, size);
        if (IsFirst(token))
        {
            values.CopyTo(sum);
        }
        else
        {
            TensorPrimitives.Add(sum, values, sum);
        }
    }

    private Span<float> Of(long token) => new(target + token * size, size);

    private bool IsFirst(long token)
    {
        ref var isSet = ref _isSet[token - first];
        var isFirst = !isSet;
        isSet = true;
        return isFirst;
    }
}
