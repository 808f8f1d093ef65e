namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Every balancing loss by its definition, with its weight.</summary>
internal static class DumbBalancing
{
    public static double Loss(MixtureOfExpertsOptions options, DumbProblem problem)
    {
        var logits = DumbRouting.Logits(options, problem);
        return options.Router.BalancingWeight * options.Router.Balancing switch
        {
            EntropyBalancingOptions { Scope: EntropyScope.AllExperts } => NegativeEntropy(logits),
            EntropyBalancingOptions =>
                NegativeEntropy([.. logits.Select((of, token) => problem.Choices[token].Select(e => of[e]).ToArray())]),
            SwitchBalancingOptions { Scale: var scale } => Sum(problem, logits)
                * (scale == SwitchLossScale.SwitchPaper ? options.ExpertCount : 1.0 / options.ExpertCount),
            ImportanceAndLoadBalancingOptions factors => ImportanceAndLoad(options, factors, problem, logits),
            _ => throw new NotSupportedException(),
        };
    }

    private static double NegativeEntropy(double[][] logits) => Means(logits).Sum(q => q * Math.Log(q));

    private static double Sum(DumbProblem problem, double[][] logits)
    {
        var slots = problem.Choices.SelectMany(choice => choice).ToList();
        return Means(logits).Select((p, expert) => p * slots.Count(slot => slot == expert) / slots.Count).Sum();
    }

    private static double ImportanceAndLoad(
        MixtureOfExpertsOptions options, ImportanceAndLoadBalancingOptions factors, DumbProblem problem,
        double[][] logits)
    {
        var importance = new double[options.ExpertCount];
        foreach (var (token, weights) in DumbRouting.Weights(options, problem).Index())
        {
            foreach (var (expert, weight) in problem.Choices[token].Zip(weights))
            {
                importance[expert] += weight;
            }
        }

        var loss = factors.ImportanceFactor * SquaredVariation(importance);
        return options.Router is NoisyTopKRouterOptions
            ? loss + factors.LoadFactor * SquaredVariation(Load(options, problem, logits))
            : loss;
    }

    private static double[] Load(MixtureOfExpertsOptions options, DumbProblem problem, double[][] logits)
    {
        var load = new double[options.ExpertCount];
        foreach (var (token, of) in logits.Index())
        {
            var noisy = DumbRouting.Noisy(problem, of, token);
            for (var expert = 0; expert < of.Length; expert++)
            {
                var others = noisy.Where((_, other) => other != expert).OrderDescending().ToArray();
                load[expert] += others.Length < options.ActiveExperts
                    ? 1
                    : BelowNormal((of[expert] - others[options.ActiveExperts - 1]) / DumbRouting.NoiseSize(problem, token, expert));
            }
        }

        return load;
    }

    private static double SquaredVariation(double[] values) =>
        values.Average(value => Math.Pow(value - values.Average(), 2)) / Math.Pow(values.Average(), 2);

    private static double[] Means(double[][] logits)
    {
        var softmaxes = logits.Select(DumbRouting.Softmax).ToList();
        return [.. Enumerable.Range(0, logits[0].Length).Select(e => softmaxes.Average(p => p[e]))];
    }

    // The normal distribution function by Simpson's rule from the middle.
    private static double BelowNormal(double x)
    {
        const int Steps = 2000;
        var (width, sum) = (x / Steps, 0.0);
        for (var step = 0; step <= Steps; step++)
        {
            var factor = step is 0 or Steps ? 1 : step % 2 == 1 ? 4 : 2;
            sum += factor * Math.Exp(-Math.Pow(step * width, 2) / 2);
        }

        return 0.5 + sum * width / 3 / Math.Sqrt(2 * Math.PI);
    }
}
