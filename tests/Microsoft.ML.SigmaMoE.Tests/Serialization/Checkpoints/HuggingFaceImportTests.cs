using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class HuggingFaceImportTests
{
    private static readonly int[][] Rows = [[1, 2, 3, 4, 5, 6, 7, 60, 63], [9, 9, 9]];
    private static readonly string Case = Path.Combine(AppContext.BaseDirectory, "Reference", "Cases", "hf_sigma_moe");

    [Fact]
    public void Import_OfOneMatrixAnExpert_IsTheSameModel()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var weights = Weights();
        foreach (var (name, tensor) in SafeTensorsFile.Read(Path.Combine(Case, "traceable_layer0_mlp.safetensors")))
        {
            weights[name] = tensor;
        }

        weights.Remove("model.layers.0.mlp.ff.keys");
        weights.Remove("model.layers.0.mlp.ff.values");
        CheckSame(folder, weights);
    }

    [Fact]
    public void Import_OfWhatAForwardPassLeaves_IsTheSameModel()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var weights = Weights();
        weights["model.layers.0.mlp.ff.keys"] = weights["model.layers.0.mlp.ff.keys"].transpose(1, 2).reshape(128, 40);
        weights["model.layers.0.mlp.ff.values"] = weights["model.layers.0.mlp.ff.values"].reshape(128, 40).t();
        CheckSame(folder, weights);
    }

    [Fact]
    public void Import_OfBiasesInAllLayouts_IsTheSameModel()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var weights = Weights();
        for (var layer = 0; layer < 3; layer++)
        {
            weights[$"model.layers.{layer}.mlp.ff.bias"] = randn(8, 16);
            weights[$"model.layers.{layer}.mlp.ff.o_bias"] = randn(40);
        }

        using var whole = Import(folder, weights, config => config["moe_bias"] = true);
        weights["model.layers.1.mlp.ff.bias"] = weights["model.layers.1.mlp.ff.bias"].reshape(128);
        for (var expert = 0; expert < 8; expert++)
        {
            weights[$"model.layers.2.mlp.ff.keys.{expert}.weight"] = weights["model.layers.2.mlp.ff.keys"][expert].t();
            weights[$"model.layers.2.mlp.ff.values.{expert}.weight"] =
                weights["model.layers.2.mlp.ff.values"][expert].t();
            weights[$"model.layers.2.mlp.ff.keys.{expert}.bias"] = weights["model.layers.2.mlp.ff.bias"][expert];
        }

        weights.Remove("model.layers.2.mlp.ff.keys");
        weights.Remove("model.layers.2.mlp.ff.values");
        weights.Remove("model.layers.2.mlp.ff.bias");
        using var mixed = Import(folder, weights, config => config["moe_bias"] = true);
        Assert.Equal(Scores(whole), Scores(mixed));
    }

    [Fact]
    public void Import_OfTiedEmbeddingsAndNormalizedQueries_BuildsThem()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var weights = Weights();
        var untied =
            new Dictionary<string, Tensor>(weights) { ["lm_head.weight"] = weights["model.embed_tokens.weight"] };
        using var wanted = Import(folder, untied);
        weights.Remove("lm_head.weight");
        using var tied = Import(folder, weights, config => config["tie_word_embeddings"] = true);
        Assert.Equal(Scores(wanted), Scores(tied));
        Assert.Equal(wanted.Cost.Parameters - 64 * 40, tied.Cost.Parameters);

        for (var layer = 0; layer < 3; layer++)
        {
            foreach (var norm in new[] { "q_layernorm", "k_layernorm" })
            {
                weights[$"model.layers.{layer}.self_attn.{norm}.weight"] = ones(8);
                weights[$"model.layers.{layer}.self_attn.{norm}.bias"] = zeros(8);
            }
        }

        using var normalized = Import(
            folder, weights, config => (config["tie_word_embeddings"], config["qk_layernorm"]) = (true, true));
        Assert.NotEqual(Scores(tied)[0], Scores(normalized)[0]);
        Assert.Equal(tied.Cost.Parameters + 3 * 4 * 8, normalized.Cost.Parameters);
    }

    [Fact]
    public void Import_OfSomeDenseLayers_BuildsThem()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var weights = Weights();
        foreach (var name in weights.Keys.Where(name => name.Contains("layers.1.mlp", StringComparison.Ordinal)).ToArray())
        {
            weights.Remove(name);
        }

        weights["model.layers.1.mlp.ff.wi.weight"] = randn(128, 40).mul(0.1f);
        weights["model.layers.1.mlp.ff.wo.weight"] = randn(40, 128).mul(0.1f);
        using var model = Import(folder, weights, config => config["num_sparse_hidden_layers"] = 2);
        var layers = Assert.IsType<InterleavedOptions>(model.Options.FeedForward);
        Assert.Equal(
            new DenseOptions { HiddenSize = 128, Bias = false, Activation = Activation.GeluTanh }, layers.Between);
        Assert.Equal(2, layers.Period);
        Assert.Equal(2, model.Network.ExpertLayerCount);
        Assert.Equal(model.Network.parameters().Sum(weight => weight.numel()), model.Cost.Parameters);
        CheckUse(folder, model);
    }

    [Fact]
    public void Import_OfTheHuggingFaceForm_ScoresEmbedsGeneratesSavesAndExports()
    {
        using var folder = new TemporaryFolder();
        using var model = LanguageModel.Import(Case, new() { Precision = Precision.Float32 });
        CheckUse(folder, model);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Import_OfASoftmaxBeforeOrAfterTopK_ScoresEmbedsGeneratesSavesAndExports(bool after)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var model = Import(
            folder, Weights(),
            config => (config["selection_mode"], config["activation_after_topk"]) = ("softmax", after));
        var router = Assert.IsType<MixtureOfExpertsOptions>(model.Options.FeedForward).Router;
        Assert.IsType(after ? typeof(SoftmaxAfterTopKRouterOptions) : typeof(SoftmaxBeforeTopKRouterOptions), router);
        Assert.Equal(new EntropyBalancingOptions(), router.Balancing);
        CheckUse(folder, model);
    }

    [Theory]
    [InlineData("rope_scaling", """{"type":"linear","factor":2.0}""", "rope_scaling")]
    [InlineData("selection_mode", "\"sinkmoid\"", "selection_mode = sinkmoid")]
    [InlineData("approximate", "true", "approximate")]
    [InlineData("v_dim", "20", "v_dim = 20")]
    [InlineData("activation", "\"mish\"", "activation = mish; this library computes gelu_new")]
    public void Import_OfWhatCannotBeComputed_NamesIt(string name, string value, string message)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var fault = Assert.Throws<NotSupportedException>(
            () => Import(folder, Weights(), config => config[name] = JsonNode.Parse(value)));
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    // as in the authors' SigmaMoEConfiguration
    [Fact]
    public void Read_OfAConfigurationThatSaysNothing_GivesTheAuthorsDefaults()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("config.json"), """{"model_type": "sigma-moe"}""");
        var read = HuggingFaceConfiguration.Read(folder.File("config.json"));
        Assert.Equal(
            (51200, 768, 3072, 12, 8),
            (read.VocabSize, read.DModel, read.DFf, read.NumHiddenLayers, read.NumAttentionHeads));
        Assert.Equal(
            (2048, 1e-5, 10000, 0.5),
            (read.MaxPositionEmbeddings, read.LayerNormEps, read.RopeTheta, read.PartialRotaryFactor));
        Assert.Equal(
            (8, 128, 2, "sigmoid", "gelu_new"),
            (read.NExperts, read.ExpertSize, read.TopKExperts, read.SelectionMode, read.Activation));
        Assert.Equal((0.001, false, false), (read.RoutingRegularization, read.TieWordEmbeddings, read.MoeBias));
    }

    [Fact]
    public void Import_OfAConfigurationWithoutWhatIsTheDefault_IsTheSameModel()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var whole = Import(folder, Weights());
        string[] defaults = ["rope_theta", "partial_rotary_factor", "layer_norm_eps", "activation", "selection_mode", "top_k_experts", "n_experts"];
        using var brief = Import(
            folder, Weights(), config => defaults.ToList().ForEach(name => config.AsObject().Remove(name)));
        Assert.Equal(whole.Options.ToJson(), brief.Options.ToJson());
        Assert.Equal(Scores(whole), Scores(brief));
    }

    [Theory]
    [InlineData("model_type", "null", "type ''")]
    [InlineData("model_type", "\"phi\"", "type 'phi'")]
    [InlineData("d_model", "\"wide\"", "not a usable configuration")]
    [InlineData("d_model", "30", "cannot be built")]
    [InlineData("num_attention_heads", "4", "must be an even number")]
    [InlineData("n_experts", "16", " [16, ")]
    [InlineData("num_hidden_layers", "2", "has 'model.layers.2.")]
    [InlineData("num_hidden_layers", "4", "misses 'model.layers.1.mlp.ff.wi.weight'")]
    [InlineData("num_hidden_layers", "2000000000", "but the model that it is said to hold")]
    [InlineData("vocab_size", "65", "[65")]
    [InlineData("d_model", "2147483640", "has more than can be counted")]
    public void Import_OfAConfigurationThatDoesNotFit_SaysWhatIsWrong(string name, string value, string message)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var fault = Assert.Throws<InvalidDataException>(
            () => Import(folder, Weights(), config => config[name] = JsonNode.Parse(value)));
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Import_OfExpertsThatDoNotGoTogether_SaysWhich()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var weights = Weights();
        weights["model.layers.0.mlp.ff.keys.0.weight"] = randn(16, 40);
        Assert.Contains(
            "in two layouts", Assert.Throws<InvalidDataException>(() => Import(folder, weights)).Message,
            StringComparison.Ordinal);
        weights.Remove("model.layers.0.mlp.ff.keys");
        weights["model.layers.0.mlp.ff.keys.2.weight"] = randn(16, 40);
        Assert.Contains(
            "expert 1 of", Assert.Throws<InvalidDataException>(() => Import(folder, weights)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Import_OfAFolderWithoutWeightsOrConfiguration_SaysWhichFile()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains(
            "model.safetensors", Assert.Throws<FileNotFoundException>(() => LanguageModel.Import(folder.Path)).Message,
            StringComparison.Ordinal);
        File.Copy(Path.Combine(Case, "model.safetensors"), folder.File("model.safetensors"));
        Assert.Contains(
            "config.json", Assert.Throws<FileNotFoundException>(() => LanguageModel.Import(folder.Path)).Message,
            StringComparison.Ordinal);
    }

    private static Dictionary<string, Tensor> Weights() =>
        new(SafeTensorsFile.Read(Path.Combine(Case, "model.safetensors")));

    private static void CheckSame(TemporaryFolder folder, Dictionary<string, Tensor> weights)
    {
        using var original = LanguageModel.Import(Case, new() { Precision = Precision.Float32 });
        using var imported = Import(folder, weights);
        Assert.Equal(Scores(original), Scores(imported));
    }

    private static void CheckUse(TemporaryFolder folder, LanguageModel model)
    {
        var options = new GenerationOptions { MaxTokens = 5, Seed = 3 };
        var (scores, tokens) = (Scores(model), model.GenerateTokens([1, 2, 3], options).ToArray());
        Assert.Equal(5, tokens.Length);
        Assert.Equal(40, model.Embed([[1, 2, 3]])[0].Length);
        model.Save(folder.File("saved"));
        using var loaded = LanguageModel.Load(folder.File("saved"));
        Assert.Equal(model.Options.Model, loaded.Options.Model);
        Assert.Equal(scores, Scores(loaded));
        Assert.Equal(tokens, loaded.GenerateTokens([1, 2, 3], options));

        model.Export(folder.File("exported"));
        using var imported = LanguageModel.Import(folder.File("exported"), new() { Precision = Precision.Float32 });
        Assert.Equal(scores, Scores(imported));
        CheckWithoutMetadata(folder, scores);
    }

    // as a Python program writes the folder again, without what only we read
    private static void CheckWithoutMetadata(TemporaryFolder folder, float[][] scores)
    {
        using var scope = NewDisposeScope();
        var path = folder.File("exported/model.safetensors");
        SafeTensorsFile.Write(path, SafeTensorsFile.Read(path).Select(weight => (weight.Key, weight.Value)));
        using var imported = LanguageModel.Import(folder.File("exported"), new() { Precision = Precision.Float32 });
        Assert.Equal(scores, Scores(imported));
    }

    private static float[][] Scores(LanguageModel model) =>
        [.. model.Score(Rows).Select(score => score.TokenLogLikelihoods)];

    private static LanguageModel Import(
        TemporaryFolder folder, Dictionary<string, Tensor> weights, Action<JsonNode>? change = null)
    {
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(Case, "config.json")))!;
        change?.Invoke(config);
        File.WriteAllText(folder.File("config.json"), config.ToJsonString());
        SafeTensorsFile.Write(folder.File("model.safetensors"), weights.Select(weight => (weight.Key, weight.Value)));
        return LanguageModel.Import(folder.Path, new() { Precision = Precision.Float32 });
    }
}
