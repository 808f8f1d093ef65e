using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// The tensors of a case that is being made. Random numbers are drawn as float32 has them, so that nothing is rounded
/// twice.
/// </summary>
internal sealed class CaseTensors(int seed)
{
    private readonly Random _random = new(seed);
    private readonly Dictionary<string, Tensor> _tensors = [];

    public Tensor? Find(string name) => _tensors.GetValueOrDefault(name);

    public void Add(string name, Tensor tensor) => _tensors.Add(name, tensor.detach());

    /// <summary>Draws normal numbers, float64.</summary>
    public Tensor Normal(double size, params long[] shape) => Numbers(shape, () => (float)(size * Gauss()));

    /// <summary>Draws normal numbers and keeps them in the case.</summary>
    public Tensor AddNormal(string name, double size, params long[] shape)
    {
        Add(name, Normal(size, shape));
        return _tensors[name];
    }

    public void AddUniform(string name, params long[] shape) => Add(name, Numbers(shape, () => _random.NextSingle()));

    /// <summary>Draws tokens, int64.</summary>
    public Tensor Tokens(int vocabulary, int count) =>
        tensor(Enumerable.Range(0, count).Select(_ => (long)_random.Next(vocabulary)).ToArray());

    public Tensor AddTokens(string name, int vocabulary, int count)
    {
        Add(name, Tokens(vocabulary, count));
        return _tensors[name];
    }

    /// <summary>Gives a network the weights that were drawn.</summary>
    public void Load(TransformerNetwork network)
    {
        using var quiet = no_grad();
        foreach (var (name, weight) in network.named_parameters())
        {
            weight.copy_(WeightNames.FromAuthors(name, _tensors[$"param.{WeightNames.ToAuthors(name)}"]));
        }
    }

    /// <summary>Writes the file, float32 where numbers are real.</summary>
    public void Write(string path) => SafeTensorsFile.Write(
        path, _tensors.Select(tensor => (tensor.Key, tensor.Value.is_floating_point() ? tensor.Value.to(float32) : tensor.Value)));

    private static Tensor Numbers(long[] shape, Func<float> draw)
    {
        var count = shape.Aggregate(1L, (product, size) => product * size);
        return tensor(Enumerable.Range(0, (int)count).Select(_ => draw()).ToArray()).view(shape).to(float64);
    }

    private double Gauss() =>
        Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
