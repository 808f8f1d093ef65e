using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class RotaryAttentionTests
{
    public static TheoryData<int, int, int, int, double, bool> Shapes => new()
    {
        { 5, 0, 1, 4, 0.5, false },
        { 1, 0, 3, 6, 1, false },
        { 7, 0, 2, 5, 0.8, true },
        { 3, 4, 2, 8, 0.25, false },
        { 1, 9, 2, 4, 1, true },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Forward_GivenMemoryAndSegment_EqualsTheDumbReference(
        int time, int memory, int heads, int size, double share, bool normalize)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using var randomness = new Randomness(3);
        var options =
            new RotaryAttentionOptions { RotatedShare = share, NormalizeQueriesAndKeys = normalize, Theta = 100 };
        var model = new ModelOptions { ModelSize = 9, HeadCount = heads, HeadSize = size, Attention = options };
        model.Validate();
        using var attention = Assert.IsType<RotaryAttention>(
            Attention.Create(new(model, ScalarType.Float32, randomness)));
        var weights = attention.named_parameters().ToDictionary(weight => weight.name, weight => weight.parameter);
        foreach (var (name, weight) in weights.Where(weight => !weight.Key.Contains("norm", StringComparison.Ordinal)))
        {
            weight.copy_(randn_like(weight).mul(0.5f));
        }

        var context = randn(2, memory + time, 9);
        var queries = context.narrow(1, memory, time);
        var output = attention.Forward(queries, context, SegmentPositions.Create(model, new(time, memory), CPU));
        var dumb = new DumbRotaryAttention(options, heads, size)
        {
            Weight = Matrix(weights["query_key_value"]),
            Bias = Vector(weights["query_key_value_bias"]),
            Merge = Matrix(weights["merge"]),
            MergeBias = Vector(weights["merge_bias"]),
        };
        for (var row = 0; row < 2; row++)
        {
            var rows = Enumerable.Range(0, memory + time).Select(place => Vector(context[row, place])).ToArray();
            var wanted = tensor(dumb.Run(rows, time).SelectMany(values => values).Select(value => (float)value).ToArray()).view(time, 9);
            TensorAssert.Close(wanted, output[row], 1e-5);
        }

        Assert.Equal(options.Parameters(model), attention.parameters().Sum(weight => weight.numel()));
    }

    [Theory]
    [InlineData(0, 10000.0, 8, "RotatedShare is 0")]
    [InlineData(1.5, 10000.0, 8, "RotatedShare is 1.5")]
    [InlineData(0.5, 0.0, 8, "Theta is 0")]
    [InlineData(0.5, 10000.0, 10, "of a head of 10 numbers is 5; it must be an even number")]
    [InlineData(0.1, 10000.0, 8, "of a head of 8 numbers is 0")]
    public void Validate_GivenWhatCannotBe_SaysWhatIsWrong(double share, double theta, int size, string message)
    {
        var model = new ModelOptions { HeadSize = size, Attention = new RotaryAttentionOptions { RotatedShare = share, Theta = theta } };
        Assert.Contains(message, Assert.ThrowsAny<ArgumentException>(model.Validate).Message, StringComparison.Ordinal);
    }

    private static double[,] Matrix(Tensor tensor)
    {
        var result = new double[tensor.shape[0], tensor.shape[1]];
        Buffer.BlockCopy(
            tensor.to(float64).contiguous().data<double>().ToArray(), 0, result, 0, result.Length * sizeof(double));
        return result;
    }

    private static double[] Vector(Tensor tensor) => tensor.to(float64).contiguous().data<double>().ToArray();
}
