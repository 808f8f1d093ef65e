using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class NeuronSharesTests
{
    private const int Tokens = 5;
    private const int ModelSize = 3;
    private const int Experts = 7;

    public static IEnumerable<TheoryDataRow<int, int>> Cuts =>
        from threads in new[] { 1, 2, 3, 8, 16 }
        from expertSize in new[] { 1, 31, 33, 64, 130 }
        select new TheoryDataRow<int, int>(threads, expertSize);

    // Each part adds to a token 1 for each neuron of each of its experts.
    [Theory]
    [MemberData(nameof(Cuts))]
    public unsafe void Run_OnSomeThreads_GivesEachNeuronOfEachTokenOnce(int threads, int expertSize)
    {
        using var scope = NewDisposeScope();
        var call = Call(expertSize);
        var sums = zeros(Tokens, ModelSize);
        NeuronShares.Run(call, threads, TensorMemory.Of<float>(sums), (shares, first, end, own) =>
        {
            Assert.Equal(0, first % 32);
            foreach (var share in shares)
            {
                for (var position = share.Start; position < share.Start + share.Count; position++)
                {
                    for (var i = 0; i < ModelSize; i++)
                    {
                        own[call.TokenAt(position) * ModelSize + i] += end - first;
                    }
                }
            }
        });
        TensorAssert.Same(full_like(sums, 2 * expertSize), sums);
    }

    [Fact]
    public void Threads_OfSmallOrLongWork_AreOne()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(1, NeuronShares.Threads(Call(expertSize: 8)));
        Assert.Equal(1, NeuronShares.Threads(Call(expertSize: 100_000, tokens: 200)));
        Assert.Equal(Math.Min(get_num_threads(), 64), NeuronShares.Threads(Call(expertSize: 100_000)));
    }

    // Two experts a token, one after another.
    private static FloatCall Call(int expertSize, int tokens = Tokens)
    {
        var choices = Enumerable.Range(0, 2 * tokens).Select(slot => slot * 5L % Experts).ToArray();
        var weights = zeros(Experts, expertSize, ModelSize);
        var inputs = new ExpertInputs(zeros(tokens, ModelSize), zeros(tokens, 2), weights, weights, null);
        return new(
            inputs, ExpertBatch.Create(tensor(choices).view(tokens, 2), Experts), null, zeros(2 * tokens, expertSize));
    }
}
