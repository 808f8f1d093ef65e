using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TokenUploadTests
{
    [Fact]
    public void To_TheProcessor_LeavesTokensWhereTheyAre()
    {
        using var scope = NewDisposeScope();
        var tokens = tensor([1L, 2, 3]);
        var there = TokenUpload.To(tokens, CPU);
        tokens[0] = 7;
        Assert.Equal(7, there[0].item<long>());
    }
}
