using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>How tokens choose.</summary>
public enum Choosing
{
    /// <summary>At random; where there are more values than slots, nobody chooses some.</summary>
    Random,

    /// <summary>The last value, all of them.</summary>
    TheLast,

    /// <summary>Even values alone, each token the same one twice or more.</summary>
    Repeatedly,
}

/// <summary>Random numbers to sum, and what comes out of it in float64.</summary>
internal sealed class GatherProblem
{
    public GatherProblem(int tokens, int choices, int values, int width, Choosing choosing)
    {
        using var generator = new Generator((ulong)(tokens * 7919 + choices * 131 + width));
        Weights = randn([tokens, choices], generator: generator);
        Values = randn([values, width], generator: generator);
        Gradient = randn([tokens, width], generator: generator);
        Chosen = from_array(Choose(tokens, choices, values, choosing));
    }

    public Tensor Weights { get; }

    public Tensor Values { get; }

    public Tensor Gradient { get; }

    public Tensor Chosen { get; }

    /// <summary>Gets what backends are given, in a number type.</summary>
    public GatherInputs Inputs(ScalarType type) => new(Weights, Values.to(type), Chosen);

    /// <summary>Sums row by row and lets libtorch differentiate: y and the gradients by weights and values.</summary>
    public Tensor[] Truth()
    {
        var weights = Weights.to(ScalarType.Float64).requires_grad_();
        var values = Values.to(ScalarType.Float64).requires_grad_();
        var y = (weights.unsqueeze(-1) * values.index_select(0, Chosen.flatten()).view([.. Chosen.shape, -1])).sum(1);
        (y * Gradient).sum().backward();
        return [y.detach(), weights.grad!, values.grad!];
    }

    private static long[,] Choose(int tokens, int choices, int values, Choosing choosing)
    {
        var random = new Random(tokens * 31 + values);
        var chosen = new long[tokens, choices];
        for (var token = 0; token < tokens; token++)
        {
            var one = random.Next((values + 1) / 2) * 2;
            for (var j = 0; j < choices; j++)
            {
                chosen[token, j] = choosing switch
                {
                    Choosing.TheLast => values - 1,
                    Choosing.Repeatedly when j % 3 < 2 => one,
                    Choosing.Repeatedly => random.Next((values + 1) / 2) * 2,
                    _ => random.Next(values),
                };
            }
        }

        return chosen;
    }
}
