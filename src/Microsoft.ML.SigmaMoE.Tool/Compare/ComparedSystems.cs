namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>The systems that can be compared.</summary>
internal static class ComparedSystems
{
    public static ComparedSystem DenseModel { get; } = new("dense", "dense", 11.81, Dense);

    public static ComparedSystem Mixture { get; } = new("sigma-moe", "σ-MoE", 11.59, (mixture, _) => mixture);

    /// <summary>
    /// Gets all systems, with the paper's perplexity of each (tables 1, 6 and 10; Switch without standard dropout).
    /// </summary>
    public static IReadOnlyList<ComparedSystem> All { get; } =
    [
        DenseModel,
        Mixture,
        new("switch", "Switch", 11.88, Switch),
        new("s-base", "S-BASE", 13.01, RoutedBy(new SinkhornRouterOptions())),
        new("softmax-before", "softmax before top-k", 12.05, RoutedBy(new SoftmaxBeforeTopKRouterOptions())),
        new("softmax-after", "softmax after top-k", 11.89, RoutedBy(new SoftmaxAfterTopKRouterOptions())),
        new("top-k", "Top-K activation", 11.68, TopK),
        new("pkm", "PKM, ReLU", 12.77, ProductKeys),
    ];

    /// <summary>Finds systems by their names.</summary>
    /// <exception cref="UserException">There is no such system, or one is named twice.</exception>
    public static IReadOnlyList<ComparedSystem> Find(IReadOnlyList<string> names)
    {
        if (names.Distinct().Count() != names.Count)
        {
            throw new UserException($"--systems names one twice: {string.Join(',', names)}.");
        }

        return [.. names.Select(name => All.FirstOrDefault(system => system.Name == name) ?? throw new UserException(
            $"{name} is no system; there are {string.Join(", ", All.Select(system => system.Name))}."))];
    }

    private static Func<MixtureOfExpertsOptions, ModelOptions, FeedForwardOptions> RoutedBy(RouterOptions router) =>
        (mixture, _) => mixture with { Router = router };

    private static DenseOptions Dense(MixtureOfExpertsOptions mixture, ModelOptions model) =>
        WidthSolver.Nearest(width => new DenseOptions { HiddenSize = width }, mixture, model);

    // as many hidden numbers stay as a token has in its experts
    private static TopKOptions TopK(MixtureOfExpertsOptions mixture, ModelOptions model)
    {
        var width = Dense(mixture, model).HiddenSize;
        return new() { HiddenSize = width, ActiveChannels = Math.Min(width, mixture.ActiveExperts * mixture.ExpertSize) };
    }

    // one expert a token, as wide as the K of the mixture together
    private static MixtureOfExpertsOptions Switch(MixtureOfExpertsOptions mixture, ModelOptions model) =>
        WidthSolver.Nearest(
        width => mixture with
        {
            ExpertCount = Math.Max(1, mixture.ExpertCount / mixture.ActiveExperts),
            ExpertSize = width,
            ActiveExperts = 1,
            Router = new SwitchRouterOptions(),
        },
        mixture,
        model);

    private static ProductKeyMemoryOptions ProductKeys(MixtureOfExpertsOptions mixture, ModelOptions model) =>
        WidthSolver.Nearest(count => new ProductKeyMemoryOptions { SubKeyCount = count }, mixture, model);
}
