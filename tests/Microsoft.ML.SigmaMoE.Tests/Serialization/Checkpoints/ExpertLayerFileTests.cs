using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class ExpertLayerFileTests
{
    private static readonly MixtureOfExpertsOptions Options =
        new() { ExpertCount = 8, ExpertSize = 16, ActiveExperts = 2, Bias = true };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Read_OfTheAuthorsLayer_ComputesWhatTheirLayerDoes(bool archive)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var reference = ReferenceCheckpoint.Open("moe_sigmoid_bias");
        using var block = Block(Options);
        var path = Write(folder, ReferenceCheckpoint.Weights(reference), archive);
        ExpertLayerFile.Read(path, block);
        reference.Check("out.y", block.forward(reference["in.x"]).Hidden, Tolerances.Forward);
    }

    [Fact]
    public void ImportWeights_OfTheAuthorsLayer_ComputesWhatTheirLayerDoesAndExportsItAgain()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var reference = ReferenceCheckpoint.Open("moe_sigmoid_bias");
        using var layer = new MixtureOfExpertsLayer(32, Options, precision: Precision.Float32);
        layer.eval();
        layer.ImportWeights(Write(folder, ReferenceCheckpoint.Weights(reference), archive: true));
        reference.Check("out.y", layer.forward(reference["in.x"]), Tolerances.Forward);
        layer.ExportWeights(folder.File("ours.safetensors"));
        var written = SafeTensorsFile.Read(folder.File("ours.safetensors"));
        Assert.All(
            ReferenceCheckpoint.Weights(reference),
            weight => TensorAssert.Same(weight.Tensor, written[weight.Name], weight.Name));
    }

    [Fact]
    public void Write_AndRead_GiveTheSameWeightsBitForBit()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var reference = ReferenceCheckpoint.Open("moe_sigmoid_bias");
        using var block = Block(Options);
        ExpertLayerFile.Read(Write(folder, ReferenceCheckpoint.Weights(reference), archive: false), block);
        ExpertLayerFile.Write(folder.File("ours.safetensors"), block);
        var written = SafeTensorsFile.Read(folder.File("ours.safetensors"));
        Assert.Equal(["bias", "expert_sel", "keys", "o_bias", "values"], written.Keys.Order());
        foreach (var (name, tensor) in ReferenceCheckpoint.Weights(reference))
        {
            TensorAssert.Same(tensor, written[name], name);
        }
    }

    [Fact]
    public void Read_OfALayerWithoutBiasesIntoOneWithThem_NamesThem()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var reference = ReferenceCheckpoint.Open("moe_sigmoid");
        using var block = Block(Options);
        var path = Write(
            folder,
            ReferenceCheckpoint.Weights(reference).Where(
                weight => !weight.Name.Contains("counts", StringComparison.Ordinal)),
            archive: false);
        var fault = Assert.Throws<InvalidDataException>(() => ExpertLayerFile.Read(path, block));
        Assert.Contains("misses 'bias', 'o_bias'", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ExportLayer_OfALanguageModel_IsALayerOfItsOwn()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var model = TinyModel.Create();
        model.ExportLayer(2, folder.File("layer.safetensors"));
        using var block = Block(TinyModel.Experts, TinyModel.Model);
        ExpertLayerFile.Read(folder.File("layer.safetensors"), block);
        var x = randn(1, 3, 8);
        TensorAssert.Same(model.Network.Block(1).forward(x).Hidden, block.forward(x).Hidden, "output");
        Assert.Contains(
            "1 to 2", Assert.ThrowsAny<ArgumentException>(() => model.ExportLayer(3, "x")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ExportLayer_OfADenseModel_SaysThatItHasNoExperts()
    {
        using var model = TinyModel.Create(new() { Model = TinyModel.Model, FeedForward = new DenseOptions(), Tokenizer = new ByteTokenizerOptions() });
        Assert.Contains(
            "no experts", Assert.Throws<ArgumentException>(() => model.ExportLayer(1, "x")).Message,
            StringComparison.Ordinal);
    }

    private static MixtureOfExperts Block(MixtureOfExpertsOptions options, ModelOptions? model = null)
    {
        var block = new MixtureOfExperts(
            options, new(model ?? new() { ModelSize = 32 }, ScalarType.Float32, new Randomness(1)));
        block.eval();
        return block;
    }

    private static string Write(TemporaryFolder folder, IEnumerable<(string, Tensor)> weights, bool archive)
    {
        var path = folder.File("layer");
        if (archive)
        {
            File.WriteAllBytes(path, TorchFileWriter.Write(new WrittenWeights(weights.Select(weight => (weight.Item1, TorchView.Of(weight.Item2))))));
        }
        else
        {
            SafeTensorsFile.Write(path, weights);
        }

        return path;
    }
}
