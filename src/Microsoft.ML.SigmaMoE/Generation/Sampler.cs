namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Draws the next token. With the logits l of all tokens: p = softmax(l / temperature) over the tokens that the options
/// leave. The result depends on nothing but the logits, the options, the tokens seen and the generator.
/// </summary>
internal static class Sampler
{
    /// <summary>Draws one token.</summary>
    /// <param name="logits">The logit of every token; overwritten.</param>
    /// <param name="options">Validated options.</param>
    /// <param name="seen">The tokens that <see cref="GenerationOptions.RepetitionPenalty"/> makes rarer.</param>
    /// <param name="generator">Where the draw comes from: one number a token.</param>
    /// <exception cref="InvalidOperationException">A logit is no number: the model is damaged.</exception>
    public static int Sample(Span<float> logits, GenerationOptions options, IReadOnlySet<int> seen, Random generator)
    {
        var (tokens, probabilities) = Distribution(logits, options, seen);
        var left = generator.NextDouble();
        var index = 0;
        while (index < tokens.Length - 1 && (left -= probabilities[index]) >= 0)
        {
            index++;
        }

        return tokens[index];
    }

    /// <summary>
    /// Computes the tokens that can be drawn, the likeliest first, and how likely each is; these sum to 1.
    /// </summary>
    public static (int[] Tokens, double[] Probabilities) Distribution(
        Span<float> logits, GenerationOptions options, IReadOnlySet<int> seen)
    {
        Penalize(logits, options.RepetitionPenalty, seen);
        var isGreedy = options.Temperature == 0;
        var tokens = ByLikelihood(logits)[..Math.Min(isGreedy ? 1 : options.TopK ?? logits.Length, logits.Length)];
        var probabilities = Softmax(logits, tokens, isGreedy ? 1 : options.Temperature);
        var count = Math.Min(CountTopP(probabilities, options.TopP), CountMinP(probabilities, options.MinP));
        return (tokens[..count], Normalize(probabilities[..count]));
    }

    private static void Penalize(Span<float> logits, double penalty, IReadOnlySet<int> seen)
    {
        if (penalty == 1)
        {
            return;
        }

        foreach (var token in seen)
        {
            logits[token] = (float)(logits[token] > 0 ? logits[token] / penalty : logits[token] * penalty);
        }
    }

    // One number sorts by falling logit and, among equals, by rising id: a cut falls in the same place everywhere.
    private static int[] ByLikelihood(ReadOnlySpan<float> logits)
    {
        var keys = new ulong[logits.Length];
        for (var token = 0; token < keys.Length; token++)
        {
            if (float.IsNaN(logits[token]) || float.IsPositiveInfinity(logits[token]))
            {
                throw new InvalidOperationException(
                    $"The logit of token {token} is {logits[token]}; the model is damaged.");
            }

            keys[token] = ((ulong)~Rank(logits[token]) << 32) | (uint)token;
        }

        Array.Sort(keys);
        return Array.ConvertAll(keys, key => (int)(uint)key);
    }

    // The bits of floats, as unsigned numbers, rise with positive values and fall with negative ones.
    private static uint Rank(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (bits & 0x8000_0000) == 0 ? bits | 0x8000_0000 : ~bits;
    }

    private static double[] Softmax(ReadOnlySpan<float> logits, int[] tokens, double temperature)
    {
        var largest = logits[tokens[0]];
        if (float.IsNegativeInfinity(largest))
        {
            throw new InvalidOperationException("Every logit is −∞; the model is damaged.");
        }

        var weights = new double[tokens.Length];
        for (var index = 0; index < weights.Length; index++)
        {
            weights[index] = Math.Exp((logits[tokens[index]] - largest) / temperature);
        }

        return Normalize(weights);
    }

    private static int CountTopP(double[] probabilities, double topP)
    {
        var count = 0;
        for (var sum = 0.0; count < probabilities.Length && (sum < topP || topP == 1); count++)
        {
            sum += probabilities[count];
        }

        return count;
    }

    private static int CountMinP(double[] probabilities, double minP) =>
        probabilities.Count(probability => probability > 0 && probability >= minP * probabilities[0]);

    private static double[] Normalize(double[] weights)
    {
        var sum = weights.Sum();
        return Array.ConvertAll(weights, weight => weight / sum);
    }
}
