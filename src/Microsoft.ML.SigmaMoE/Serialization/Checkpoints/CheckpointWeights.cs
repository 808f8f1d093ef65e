using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Fills a network with a checkpoint's tensors, each checked by name, number format and shape.</summary>
internal static class CheckpointWeights
{
    // A description may claim any size: a network is only built where the tensors are of that order of size.
    private const int MostParametersPerStored = 2;

    /// <summary>Builds the network that <paramref name="configuration"/> describes and fills it.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing, is of no use, or does not fit.</exception>
    public static TransformerNetwork Build(CheckpointForm form, ModelConfiguration configuration, Device device)
    {
        var network = configuration.Options.CreateNetwork(configuration.VocabularySize, device, drawsWeights: false);
        try
        {
            Fill(form, network);
            return network;
        }
        catch
        {
            network.Randomness.Dispose();
            network.Dispose();
            throw;
        }
    }

    /// <summary>Checks that a checkpoint has about as many numbers as the model that it is said to hold.</summary>
    /// <exception cref="InvalidDataException">It has far fewer.</exception>
    public static void CheckSize(ICheckpoint checkpoint, ModelConfiguration configuration)
    {
        var described = Count(configuration);
        var stored = checkpoint.Tensors.Values.Aggregate(0L, (sum, tensor) => checked(sum + tensor.Count));
        if (described is null || described / MostParametersPerStored > stored)
        {
            throw new InvalidDataException(
                $"'{checkpoint.Path}' has {stored} numbers, but the model that it is said to hold has "
                + $"{described?.ToString() ?? "more than can be counted"}.");
        }
    }

    /// <summary>Fills one module with the tensors that <paramref name="names"/> give its weights.</summary>
    /// <param name="checkpoint">The tensors.</param>
    /// <param name="module">A network, or a block of one.</param>
    /// <param name="names">The names in the checkpoint beside ours.</param>
    /// <param name="isIgnored">Whether a tensor is no weight.</param>
    public static void Fill(ICheckpoint checkpoint, nn.Module module, WeightTable names, Func<string, bool> isIgnored)
    {
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        var targets = module.named_parameters()
            .Select(weight => names.ToFile(weight.name, weight.parameter))
            .ToDictionary(view => view.Name, view => view.Tensor);
        WeightNameCheck.Run(
            targets.Keys, checkpoint.Tensors.Keys.Where(name => !isIgnored(name)), $"'{checkpoint.Path}'",
            "the model that is built from it");
        foreach (var (name, target) in targets)
        {
            Fill(checkpoint, name, target);
        }
    }

    private static void Fill(CheckpointForm form, TransformerNetwork network) =>
        Fill(form.Stored, network, form.Names, form.IsIgnored);

    private static void Fill(ICheckpoint checkpoint, string name, Tensor target)
    {
        var stored = checkpoint.Tensors[name];
        if (!stored.Shape.AsSpan().SequenceEqual(target.shape) || !IsFloat(stored.Type))
        {
            throw new InvalidDataException(
                $"'{checkpoint.Path}' has the tensor {stored} where '{name}' [{string.Join(", ", target.shape)}] of a floating-point "
                + "type belongs.");
        }

        using var read = checkpoint.Read(name);
        target.copy_(read);
    }

    private static bool IsFloat(ScalarType type) =>
        type is ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float64;

    private static long? Count(ModelConfiguration configuration)
    {
        try
        {
            var options = configuration.Options;
            return ModelCost.Of(options.Model, options.FeedForward, configuration.VocabularySize).Parameters;
        }
        catch (OverflowException)
        {
            return null;
        }
    }
}
