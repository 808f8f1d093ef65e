using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Writes and reads a network's weights as safetensors, under the authors' names and in their layout.
/// </summary>
internal static class NetworkWeights
{
    // A configuration may claim any size: a network is only built where the file is of that order of size.
    private const int MostParametersPerStored = 2;

    // readers that follow transformers' rules refuse files that do not say this
    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };

    /// <summary>Writes every weight.</summary>
    public static void Write(Stream stream, TransformerNetwork network) =>
        Write(stream, network, WeightNames.Authors, Metadata);

    /// <summary>Writes every weight under the names of a table.</summary>
    public static void Write(
        Stream stream, TransformerNetwork network, WeightTable names, IReadOnlyDictionary<string, string> metadata)
    {
        using var scope = NewDisposeScope();
        var weights = network.named_parameters().Select(weight => names.ToFile(weight.name, weight.parameter));
        SafeTensorsFile.Write(stream, weights, metadata);
    }

    /// <summary>Replaces every weight of <paramref name="network"/>.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or is another network's.</exception>
    public static void Read(Stream stream, TransformerNetwork network) => Read(new SafeTensorsReader(stream), network);

    /// <summary>Builds the network that <paramref name="configuration"/> describes and reads its weights.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or is another network's.</exception>
    public static TransformerNetwork ReadNetwork(Stream stream, ModelConfiguration configuration, Device device)
    {
        var reader = new SafeTensorsReader(stream);
        CheckSize(reader, configuration);
        var network = configuration.Options.CreateNetwork(configuration.VocabularySize, device, drawsWeights: false);
        try
        {
            Read(reader, network);
            return network;
        }
        catch
        {
            network.Randomness.Dispose();
            network.Dispose();
            throw;
        }
    }

    private static void Read(SafeTensorsReader reader, TransformerNetwork network)
    {
        using var scope = NewDisposeScope();
        var views = Views(network);
        var stored = reader.Entries.Select(entry => entry.Name).Where(name => !WeightNames.IsIgnored(name)).ToArray();
        WeightNameCheck.Run(views.Keys, stored, "The file", "the model that its configuration describes");
        foreach (var name in stored)
        {
            reader.ReadInto(name, views[name]);
        }

        reader.CheckEnd();
    }

    // A view shares its weight's memory: reading into it changes the weight.
    private static Dictionary<string, Tensor> Views(TransformerNetwork network) => network.named_parameters()
        .Select(weight => WeightNames.ToAuthors(weight.name, weight.parameter))
        .ToDictionary(view => view.Name, view => view.Tensor);

    private static void CheckSize(SafeTensorsReader reader, ModelConfiguration configuration)
    {
        var options = configuration.Options;
        var described = ModelCost.Of(options.Model, options.FeedForward, configuration.VocabularySize).Parameters;
        var stored = reader.Entries.Sum(entry => (entry.End - entry.Start) / SafeTensorsType.SizeOf(entry.Type));
        if (described / MostParametersPerStored > stored)
        {
            throw new InvalidDataException(
                $"The file has {stored} numbers, but the configuration beside it describes a model of {described}: "
                + "these files do not belong together.");
        }
    }
}
