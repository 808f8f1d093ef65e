using System.Globalization;

namespace Microsoft.ML.SigmaMoE;

/// <summary>What the tensors of a paper's checkpoint say by their shapes alone.</summary>
/// <param name="Vocabulary">V.</param>
/// <param name="ModelSize">d_model.</param>
/// <param name="LayerCount">L.</param>
/// <param name="HeadCount">H.</param>
/// <param name="HeadSize">The width of a head.</param>
internal sealed record PaperShapes(int Vocabulary, int ModelSize, int LayerCount, int HeadCount, int HeadSize)
{
    private const string Layers = "layers.";

    public static PaperShapes Of(ICheckpoint checkpoint)
    {
        var embedding = checkpoint.Sizes(PaperForm.Embedding, "vocabulary", "d_model");
        var heads = checkpoint.Sizes("layers.0.self_attn.global_content_bias", "heads", "head size");
        return new(embedding[0], embedding[1], CountLayers(checkpoint), heads[0], heads[1]);
    }

    /// <summary>Checks that a model has these sizes.</summary>
    /// <exception cref="ArgumentException">It has others.</exception>
    public void Check(ModelOptions model, string path)
    {
        Check(nameof(model.ModelSize), model.ModelSize, ModelSize, path);
        Check(nameof(model.LayerCount), model.EffectiveDistinctLayerCount, LayerCount, path);
        Check(nameof(model.HeadCount), model.HeadCount, HeadCount, path);
        Check(nameof(model.HeadSize), model.EffectiveHeadSize, HeadSize, path);
    }

    private static void Check(string name, int given, int stored, string path)
    {
        if (given != stored)
        {
            throw new ArgumentException($"{name} is {given}, but the tensors of '{path}' have {stored}.");
        }
    }

    // Layers that are missing in between are found when their weights are.
    private static int CountLayers(ICheckpoint checkpoint) => checkpoint.Tensors.Keys
        .Where(name => name.StartsWith(Layers, StringComparison.Ordinal))
        .Select(name => name[Layers.Length..].Split('.')[0])
        .Select(
            number => int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var layer) ? layer : -1)
        .Distinct()
        .Count(layer => layer >= 0);
}
