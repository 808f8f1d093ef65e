namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Every block token by token in float64, written to be obviously right: what the blocks must equal, and, moved by a
/// little, what their gradients must equal.
/// </summary>
internal static class DumbBlock
{
    /// <summary>Computes the output, [tokens, d_model].</summary>
    public static double[] Output(FeedForwardOptions options, DumbProblem problem, double dropout = 0) => options switch
    {
        DenseOptions => Layers(problem, problem.Size("up", 0), rankByContribution: false, dropout),
        TopKOptions topK => Layers(problem, topK.ActiveChannels, topK.RankByContribution, dropout),
        ProductKeyMemoryOptions memory => DumbMemory.Output(memory, problem),
        MixtureOfExpertsOptions mixture => DumbMixture.Output(mixture, problem),
        _ => throw new NotSupportedException(options.GetType().Name),
    };

    // Both layers of a dense block, of whose hidden numbers the largest count.
    private static double[] Layers(DumbProblem problem, int counted, bool rankByContribution, double dropout)
    {
        var (size, output) = (problem.Size("up", 0), new double[problem.Tokens * problem.ModelSize]);
        for (var token = 0; token < problem.Tokens; token++)
        {
            var hidden = new double[size];
            for (var j = 0; j < size; j++)
            {
                hidden[j] = Math.Max(0, problem["up_bias"][j] + problem.Dot(token, "up", j));
                if (dropout > 0)
                {
                    hidden[j] *= problem.Uniform[0][token * size + j] < dropout ? 0 : 1 / (1 - dropout);
                }
            }

            var ranks = rankByContribution ? hidden.Select((h, j) => h * Norm(problem, j)).ToArray() : hidden;
            var least = ranks.OrderDescending().ElementAt(counted - 1);
            for (var i = 0; i < problem.ModelSize; i++)
            {
                output[token * problem.ModelSize + i] = problem["down_bias"][i] + Enumerable.Range(0, size)
                    .Where(j => ranks[j] >= least)
                    .Sum(j => hidden[j] * problem["down"][i * size + j]);
            }
        }

        return output;
    }

    private static double Norm(DumbProblem problem, int channel) => Math.Sqrt(
        Enumerable.Range(0, problem.ModelSize).Sum(i => Math.Pow(problem["down"][i * problem.Size("down", 1) + channel], 2)));
}
