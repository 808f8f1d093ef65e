namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>A product-key memory pair by pair: all n² scores of a head are computed and sorted.</summary>
internal static class DumbMemory
{
    public static double[] Output(ProductKeyMemoryOptions options, DumbProblem problem)
    {
        var output = new double[problem.Tokens * problem.ModelSize];
        for (var token = 0; token < problem.Tokens; token++)
        {
            var pairs = options.IsDense ? AllPairs(options, problem, token) : NearestPairs(options, problem, token);
            var weights = Weights(options.Activation, [.. pairs.Select(pair => pair.Score)]);
            foreach (var ((place, _), weight) in pairs.Zip(weights))
            {
                for (var i = 0; i < problem.ModelSize; i++)
                {
                    output[token * problem.ModelSize + i] += weight * problem["values"][place * problem.ModelSize + i];
                }
            }
        }

        return output;
    }

    // With all pairs the heads are summed before the activation.
    private static List<(int Place, double Score)> AllPairs(
        ProductKeyMemoryOptions options, DumbProblem problem, int token)
    {
        var heads = Enumerable.Range(0, options.HeadCount)
            .Select(head => Scores(options, problem, token, head))
            .ToList();
        return [.. Enumerable.Range(0, options.SubKeyCount * options.SubKeyCount).Select(place => (place, heads.Sum(scores => scores[place])))];
    }

    private static List<(int Place, double Score)> NearestPairs(
        ProductKeyMemoryOptions options, DumbProblem problem, int token) =>
    [
        .. Enumerable.Range(0, options.HeadCount).SelectMany(head => Scores(options, problem, token, head)
            .Select((score, place) => (Place: place, Score: score))
            .OrderByDescending(pair => pair.Score)
            .Take(options.NearestKeys)),
    ];

    private static double[] Scores(ProductKeyMemoryOptions options, DumbProblem problem, int token, int head)
    {
        var (count, half) = (options.SubKeyCount, problem.ModelSize / 2);
        var query = Enumerable.Range(0, problem.ModelSize).Select(i => problem.Has("query")
            ? problem.Dot(token, "query", head * problem.ModelSize + i)
            : problem.X[token * problem.ModelSize + i]).ToArray();
        var scores = new double[count * count];
        for (var place = 0; place < scores.Length; place++)
        {
            var (first, second) = ((head * count + place / count) * half, (head * count + place % count) * half);
            for (var i = 0; i < half; i++)
            {
                scores[place] += query[i] * problem["first_keys"][first + i]
                    + query[half + i] * problem["second_keys"][second + i];
            }
        }

        return scores;
    }

    private static double[] Weights(MemoryActivation activation, double[] scores) =>
        activation == MemoryActivation.Softmax
            ? DumbRouting.Softmax(scores)
            : [.. scores.Select(score => Math.Max(0, score))];
}
