namespace Microsoft.ML.SigmaMoE;

/// <summary>A router of your own, by the name under which <see cref="CustomRouters.Register"/> knows it.</summary>
/// <remarks>
/// A model folder holds this name and no code: a program that loads the model registers the router first. Its
/// parameters are saved with the model's. <see cref="ModelCost"/> counts them as one matrix [experts, d_model].
/// </remarks>
public sealed record CustomRouterOptions() : RouterOptions(0.001, new EntropyBalancingOptions())
{
    /// <summary>Gets the name that the router was registered under.</summary>
    public string Name { get; init; } = "";

    /// <summary>Gets free text for the router: settings in whatever form it reads. Saved with the model.</summary>
    public string Settings { get; init; } = "";

    internal override void Validate()
    {
        base.Validate();
        ArgumentException.ThrowIfNullOrWhiteSpace(Name);
        ArgumentNullException.ThrowIfNull(Settings);
    }
}
