using PublicApiGenerator;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class PublicApiTests
{
    [Fact]
    public void PublicApi_Generated_IsTheCommittedOne()
    {
        var file = Path.Combine(
            Repository.Root, "tests", "Microsoft.ML.SigmaMoE.Tests", "Architecture", "PublicApi.txt");
        var options = new ApiGeneratorOptions
        {
            IncludeAssemblyAttributes = false,
            DenyNamespacePrefixes = [], // Microsoft. is denied by default
        };
        var actual = typeof(LanguageModel).Assembly.GeneratePublicApi(options).ReplaceLineEndings("\n") + "\n";
        if (Environment.GetEnvironmentVariable("SIGMAMOE_WRITE_PUBLIC_API") == "1")
        {
            File.WriteAllText(file, actual);
        }

        Assert.True(
            File.ReadAllText(file) == actual,
            "The public API is not the one in PublicApi.txt. If the change is meant, run the tests once with "
            + "SIGMAMOE_WRITE_PUBLIC_API=1 and commit the file.");
    }
}
