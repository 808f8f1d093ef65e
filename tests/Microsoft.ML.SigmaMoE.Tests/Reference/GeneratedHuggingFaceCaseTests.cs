namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Models of the Hugging Face form that the repository does not hold; see <see cref="GeneratedCaseTests"/>.
/// </summary>
public sealed class GeneratedHuggingFaceCaseTests
{
    private static readonly Dictionary<string, HuggingFaceSpec> Specs = new()
    {
        ["biases"] = new() { Mixture = Experts with { Bias = true } },
        ["normalised and tied, softmax before"] = new()
        {
            RotaryFactor = 1,
            Theta = 50,
            Normalizes = true,
            IsTied = true,
            Mixture = Experts with { Router = new SoftmaxBeforeTopKRouterOptions() },
        },
        ["some layers dense, softmax after"] = new()
        {
            Heads = 1,
            Layers = 5,
            Sparse = 2,
            ActivationName = "silu",
            Mixture = Experts with
            {
                Bias = true,
                Activation = Activation.Silu,
                Router = new SoftmaxAfterTopKRouterOptions(),
            },
        },
        ["all layers dense"] = new()
        {
            DModel = 12,
            Heads = 3,
            RotaryFactor = 0.5,
            Sparse = 0,
            ActivationName = "relu",
            Mixture = Experts with { Activation = Activation.Relu },
        },
        ["all experts"] = new()
        {
            Layers = 4,
            Sparse = 4,
            ActivationName = "gelu",
            Mixture = Experts with { ActiveExperts = 6, Activation = Activation.Gelu },
        },
    };

    public static TheoryData<string> Names => [.. Specs.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Case_OfOtherSizes_RunsByItsConfigurationAlone(string name)
    {
        using var folder = new TemporaryFolder();
        HuggingFaceCaseMaker.Write(folder.File("hf"), Specs[name], 2, 9);
        new ReferenceCaseTests().Case_RunByItsConfiguration_AgreesWithTheAuthorsCode(folder.File("hf"));
    }

    private static MixtureOfExpertsOptions Experts =>
        new() { ExpertCount = 6, ExpertSize = 5, ActiveExperts = 2, Activation = Activation.GeluTanh };
}
