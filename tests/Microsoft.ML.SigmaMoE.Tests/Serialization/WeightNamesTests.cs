using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class WeightNamesTests
{
    [Fact]
    public void Table_GivenEveryRow_IsOneToOne()
    {
        Assert.Distinct(WeightNames.Table.Select(row => row.Ours));
        Assert.Distinct(WeightNames.Table.Select(row => row.Authors));
    }

    public static TheoryData<FeedForwardOptions> Blocks => [.. TinyModel.Blocks];

    [Theory]
    [MemberData(nameof(Blocks))]
    public void ToAuthors_GivenEveryWeightOfANetwork_HasARowForIt(FeedForwardOptions block)
    {
        using var network = TinyModel.Network(block);
        var names = network.named_parameters().Select(weight => WeightNames.ToAuthors(weight.name)).ToList();
        Assert.Distinct(names);
        Assert.Contains("layers.1.self_attn.data_to_kv.weight", names);
    }

    [Theory]
    [InlineData("layers.1.feed_forward.down_bias", "layers.1.linear2.bias")]
    [InlineData("layers.1.feed_forward.output_bias", "layers.1.pkm.o_bias")]
    [InlineData("layers.10.feed_forward.second_keys", "layers.10.pkm.keys.1")]
    [InlineData("layers.0.feed_forward.router.selection", "layers.0.pkm.expert_sel")]
    public void ToAuthors_GivenANameOfOurs_GivesTheirs(string ours, string authors) =>
        Assert.Equal(authors, WeightNames.ToAuthors(ours));

    [Fact]
    public void ToAuthors_GivenExperts_ExchangesTheLastTwoDimensionsAndBack()
    {
        using var scope = NewDisposeScope();
        var ours = arange(24).view(2, 3, 4);
        var (name, stored) = WeightNames.ToAuthors("layers.11.feed_forward.expert_up", ours);
        Assert.Equal("layers.11.pkm.keys", name);
        Assert.Equal([2, 4, 3], stored.shape);
        Assert.True(WeightNames.FromAuthors("layers.11.feed_forward.expert_up", stored).Equals(ours));
    }

    [Fact]
    public void ToAuthors_GivenAnUnknownWeight_SaysWhichAndWhatToDo()
    {
        var fault = Assert.Throws<KeyNotFoundException>(() => WeightNames.ToAuthors("layers.3.magic"));
        Assert.Contains("layers.3.magic", fault.Message, StringComparison.Ordinal);
    }
}
