namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>The systems that can be compared.</summary>
internal static class ComparedSystems
{
    public static ComparedSystem DenseModel { get; } = new("dense", "dense", 11.81, Dense);

    public static ComparedSystem Mixture { get; } = new("sigma-moe", "σ-MoE", 11.59, (mixture, _) => mixture);

    /// <summary>Gets all systems, with the paper's perplexity of each (tables 1, 6 and 10; Switch without standard dropout).</summary>
    public static IReadOnlyList<ComparedSystem> All { get; } =
    [
        DenseModel,
        Mixture,
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

    private static DenseOptions Dense(MixtureOfExpertsOptions mixture, ModelOptions model) =>
        WidthSolver.Nearest(width => new DenseOptions { HiddenSize = width }, mixture, model);
}
