using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Scores of sub-keys to pair, and what arrives at the best pairs.</summary>
internal sealed class PairProblem
{
    public PairProblem(int tokens, int heads, int count, bool areWhole = false)
    {
        using var generator = new Generator((ulong)(tokens * 131 + count));
        Tensor Draw() => areWhole
            ? randint(-9, 10, [tokens, heads, count], generator: generator).to(ScalarType.Float32)
            : randn([tokens, heads, count], generator: generator);
        First = Draw().sort(-1, descending: true).Values;
        Second = Draw().sort(-1, descending: true).Values;
        Arriving = Draw();
    }

    /// <summary>Gets the scores of the best first sub-keys, [tokens, heads, count], descending.</summary>
    public Tensor First { get; }

    /// <summary>Gets the scores of the best second sub-keys, [tokens, heads, count], descending.</summary>
    public Tensor Second { get; }

    /// <summary>Gets the gradient by the sums, [tokens, heads, count].</summary>
    public Tensor Arriving { get; }

    /// <summary>
    /// Gets the sums of the pairs of these ranks and both gradients, as libtorch differentiates gather.
    /// </summary>
    public Tensor[] Truth(BestPairs ranks, ScalarType type = ScalarType.Float32) => Differentiate(
        (first, second) => first.gather(-1, ranks.First) + second.gather(-1, ranks.Second), type);

    /// <summary>Gets the sums that a function makes of both, and the gradients by them.</summary>
    public Tensor[] Differentiate(Func<Tensor, Tensor, Tensor> sums, ScalarType type = ScalarType.Float32)
    {
        var (first, second) = (First.to(type).detach().requires_grad_(), Second.to(type).detach().requires_grad_());
        var result = sums(first, second);
        (result * Arriving).sum().backward();
        return [result.detach(), first.grad!, second.grad!];
    }
}
