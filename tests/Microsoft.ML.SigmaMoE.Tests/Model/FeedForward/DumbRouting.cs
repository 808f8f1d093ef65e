namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Every router by its definition: scores, choices by sorting, weights.</summary>
internal static class DumbRouting
{
    /// <summary>Computes the logits of each token.</summary>
    public static double[][] Logits(MixtureOfExpertsOptions options, DumbProblem problem) =>
    [
        .. Enumerable.Range(0, problem.Tokens).Select(token => Enumerable.Range(0, options.ExpertCount)
            .Select(expert => problem.Dot(token, "router.selection", expert)).ToArray()),
    ];

    /// <summary>Computes the weights of the experts that the block chose.</summary>
    public static double[][] Weights(MixtureOfExpertsOptions options, DumbProblem problem)
    {
        var logits = Logits(options, problem);
        return [.. logits.Select((of, token) => Weigh(options, problem, of, token))];
    }

    /// <summary>Computes what the K largest are taken of; −∞ for experts that are dropped.</summary>
    public static double[][] Scores(MixtureOfExpertsOptions options, DumbProblem problem)
    {
        var logits = Logits(options, problem);
        var scores = options.Router is SinkhornRouterOptions sinkhorn ? Balanced(sinkhorn, problem, logits)
            : options.Router is LossFreeRouterOptions ? logits.Select(
                of => of.Select((logit, e) => Sigmoid(logit) + problem["router.bias"][e]).ToArray()).ToArray()
            : options.Router is NoisyTopKRouterOptions ? logits.Select(
                (of, token) => Noisy(problem, of, token)).ToArray()
            : logits;
        return
        [
            .. scores.Select((of, token) => of
                .Select((score, expert) => IsDropped(options, problem, token, expert) ? double.NegativeInfinity : score).ToArray()),
        ];
    }

    public static bool IsDropped(MixtureOfExpertsOptions options, DumbProblem problem, int token, int expert) =>
        options.Router.ExpertDropout > 0
            && problem.Uniform[0][token * options.ExpertCount + expert] < options.Router.ExpertDropout;

    public static double[] Softmax(double[] logits)
    {
        var exponentials = logits.Select(logit => Math.Exp(logit - logits.Max())).ToArray();
        return [.. exponentials.Select(e => e / exponentials.Sum())];
    }

    public static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    /// <summary>Computes a token's logits and their noise.</summary>
    public static double[] Noisy(DumbProblem problem, double[] logits, int token) =>
        [.. logits.Select((logit, expert) => logit + problem.Normal[0][token * logits.Length + expert] * NoiseSize(problem, token, expert))];

    public static double NoiseSize(DumbProblem problem, int token, int expert) =>
        Math.Log(1 + Math.Exp(problem.Dot(token, "router.noise", expert))) + 0.01;

    private static double[] Weigh(MixtureOfExpertsOptions options, DumbProblem problem, double[] logits, int token)
    {
        var chosen = problem.Choices[token];
        double Kept(int expert, double score) => IsDropped(options, problem, token, expert) ? 0 : score;
        return options.Router switch
        {
            SigmoidRouterOptions => [.. chosen.Select(expert => Kept(expert, Sigmoid(logits[expert])))],
            SoftmaxBeforeTopKRouterOptions or SwitchRouterOptions =>
                [.. chosen.Select(expert => Kept(expert, Softmax(logits)[expert]))],
            SoftmaxAfterTopKRouterOptions => Softmax([.. chosen.Select(expert => logits[expert])]),
            SinkhornRouterOptions or LossFreeRouterOptions => [.. chosen.Select(expert => Sigmoid(logits[expert]))],
            NoisyTopKRouterOptions => Softmax([.. chosen.Select(expert => Noisy(problem, logits, token)[expert])]),
            _ => throw new NotSupportedException(options.Router.GetType().Name),
        };
    }

    private static double[][] Balanced(SinkhornRouterOptions options, DumbProblem problem, double[][] logits) =>
        [.. logits.Chunk(problem.Time).SelectMany(sequence => Balanced(options, sequence))];

    private static double[][] Balanced(SinkhornRouterOptions options, double[][] x)
    {
        var sign = options.Signs == SinkhornSigns.Textbook ? 1 : -1;
        var (a, b) = (new double[x[0].Length], new double[x.Length]);
        for (var iteration = 0; iteration < options.Iterations; iteration++)
        {
            b = [.. x.Select(of => Math.Log(x.Length) - Math.Log(of.Select((logit, e) => Math.Exp(logit + sign * a[e])).Sum()))];
            a = [.. a.Select((_, e) => Math.Log(a.Length) - Math.Log(x.Select((of, t) => Math.Exp(of[e] + sign * b[t])).Sum()))];
        }

        return [.. x.Select((of, t) => of.Select((logit, e) => Math.Exp(logit + a[e] + b[t])).ToArray())];
    }
}
