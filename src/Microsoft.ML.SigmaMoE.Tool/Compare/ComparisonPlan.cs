namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>All runs of a comparison: every system with every seed, one seed of all systems before the next.</summary>
internal sealed record ComparisonPlan(
    MixtureOfExpertsOptions Mixture,
    ModelOptions Model,
    IReadOnlyList<ComparedSystem> Systems,
    IReadOnlyList<ComparisonRun> Runs)
{
    /// <param name="recipe">The σ-MoE whose shape, size, training and tokenizer all systems share.</param>
    /// <param name="systems">The systems.</param>
    /// <param name="seeds">How many seeds: 1, 2, ….</param>
    /// <param name="data">Text to train and test on.</param>
    /// <param name="folder">Where the runs' folders go.</param>
    /// <exception cref="UserException">The recipe is no mixture of experts.</exception>
    public static ComparisonPlan Create(
        LanguageModelOptions recipe,
        IReadOnlyList<ComparedSystem> systems,
        int seeds,
        ComparisonData data,
        string folder)
    {
        var mixture = recipe.FeedForward as MixtureOfExpertsOptions ?? throw new UserException(
            $"A comparison starts from a recipe with a mixture of experts; this one has {recipe.FeedForward.GetType().Name}.");
        var runs = from seed in Enumerable.Range(1, seeds)
                   from system in systems
                   let options = recipe with
                   {
                       FeedForward = system.Block(mixture, recipe.Model),
                       Training = recipe.Training with { Seed = seed },
                   }
                   let place = Path.Combine(folder, system.Name, $"seed-{seed}")
                   select new ComparisonRun(place, system.Name, seed, options, data);
        return new(mixture, recipe.Model, systems, [.. runs]);
    }

    /// <summary>Compares a system with σ-MoE in parameters, and with a dense model in work.</summary>
    public SystemSize SizeOf(ComparedSystem system)
    {
        var (own, mixture, dense) = (Cost(system), Cost(ComparedSystems.Mixture), Cost(ComparedSystems.DenseModel));
        return new(
            own.Parameters - mixture.Parameters, (double)own.FeedForwardMultiplyAdds / dense.FeedForwardMultiplyAdds);
    }

    // The vocabulary is the same for all and cancels out.
    private ModelCost Cost(ComparedSystem system) => ModelCost.Of(Model, system.Block(Mixture, Model), 1);
}
