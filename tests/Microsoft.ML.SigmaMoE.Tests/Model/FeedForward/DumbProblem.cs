using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// What a block computed with, in float64: inputs, weights and drawn numbers. Any number of it may be moved.
/// </summary>
internal sealed class DumbProblem
{
    private readonly Dictionary<string, double[]> _weights = [];
    private readonly Dictionary<string, long[]> _shapes = [];

    public DumbProblem(FeedForward block, Tensor x, RecordingRandomness drawn, Routing? routing)
    {
        (Batch, Time, ModelSize) = ((int)x.shape[0], (int)x.shape[1], (int)x.shape[2]);
        X = Numbers(x);
        foreach (var (name, weight) in block.named_parameters())
        {
            (_weights[name], _shapes[name]) = (Numbers(weight), weight.shape);
        }

        (Uniform, Normal) = (drawn.Uniforms.Select(Numbers).ToArray(), drawn.Normals.Select(Numbers).ToArray());
        Choices = routing is null
            ? []
            : [.. routing.Experts.data<long>().Select(expert => (int)expert).Chunk((int)routing.Experts.shape[1])];
    }

    public int Batch { get; }

    public int Time { get; }

    public int Tokens => Batch * Time;

    public int ModelSize { get; }

    /// <summary>Gets the input, [tokens, d_model].</summary>
    public double[] X { get; }

    /// <summary>Gets the uniform numbers in the order in which they were drawn.</summary>
    public double[][] Uniform { get; }

    /// <summary>Gets the normal numbers in the order in which they were drawn.</summary>
    public double[][] Normal { get; }

    /// <summary>
    /// Gets the experts that the block chose: for each token, in the order in which top-k returned them.
    /// </summary>
    public int[][] Choices { get; }

    public IEnumerable<string> Names => _weights.Keys;

    public double[] this[string name] => _weights[name];

    public bool Has(string name) => _weights.ContainsKey(name);

    public int Size(string name, int dimension) => (int)_shapes[name][dimension];

    /// <summary>Computes the product of a token (or a part of it) and a row of a weight.</summary>
    public double Dot(int token, string name, int row, int from = 0, int? count = null)
    {
        var (width, sum) = (count ?? ModelSize, 0.0);
        for (var i = 0; i < width; i++)
        {
            sum += X[token * ModelSize + from + i] * this[name][row * width + i];
        }

        return sum;
    }

    private static double[] Numbers(Tensor tensor) =>
        tensor.detach().to(ScalarType.Float64).contiguous().data<double>().ToArray();
}
