namespace Microsoft.ML.SigmaMoE.Tool.Tests;

public sealed class WidthSolverTests
{
    private static readonly ModelOptions Model =
        new() { ModelSize = 412, LayerCount = 16, HeadCount = 10, HeadSize = 41 };
    private static readonly MixtureOfExpertsOptions Mixture =
        new() { ExpertCount = 16, ExpertSize = 128, ActiveExperts = 4 };

    public static TheoryData<string> Names => [.. ComparedSystems.All.Select(system => system.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Block_OfEverySystem_HasAsManyParametersAsTheMixture(string name)
    {
        var wanted = ModelCost.Of(Model, Mixture, 8000).Parameters;
        var block = ComparedSystems.Find([name])[0].Block(Mixture, Model);
        Assert.InRange(ModelCost.Of(Model, block, 8000).Parameters, wanted * 0.99, wanted * 1.01);
    }

    [Fact]
    public void Dense_ForThePapersMixture_IsThePapersDenseModel() =>
        Assert.Equal(new DenseOptions { HiddenSize = 2053 }, ComparedSystems.DenseModel.Block(Mixture, Model));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    public void Nearest_OfItsOwnKind_FindsTheWidthItself(int width)
    {
        var target = new DenseOptions { HiddenSize = width };
        Assert.Equal(target, WidthSolver.Nearest(size => new DenseOptions { HiddenSize = size }, target, Model));
    }

    [Fact]
    public void Find_AnUnknownSystem_ListsThoseThatThereAre()
    {
        var fault = Assert.Throws<UserException>(() => ComparedSystems.Find(["dense", "magic"]));
        Assert.Contains("magic is no system; there are dense, sigma-moe", fault.Message, StringComparison.Ordinal);
    }
}
