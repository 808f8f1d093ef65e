namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class RuntimeDescriptionTests
{
    private static readonly RuntimeDescription Description = RuntimeDescription.OfThisProcess();

    [Fact]
    public void Versions_AreThoseOfTheAssemblies()
    {
        Assert.Equal(typeof(LanguageModel).Assembly.GetName().Version!.ToString(3), Description.LibraryVersion);
        Assert.StartsWith("0.107", Description.TorchSharpVersion, StringComparison.Ordinal);
        Assert.StartsWith("2.", Description.TorchVersion, StringComparison.Ordinal);
    }

    [Fact]
    public void ProcessorPrecision_IsBFloat16OnlyWhereTheProcessorHasIt() => Assert.True(
        Description.ProcessorFeatures.Contains("bfloat16") || Description.ProcessorPrecision == Precision.Float32);

    [Fact]
    public void ChangedSettings_OnLinux_NameTheAllocator()
    {
        Assert.SkipUnless(ProcessSettings.AreAllowed, "Settings are left alone here.");
        Assert.SkipWhen(Environment.GetEnvironmentVariable("GLIBC_TUNABLES") is not null, "The user has chosen.");
        Assert.Contains(
            Description.ChangedSettings, setting => setting.StartsWith("M_MMAP_THRESHOLD=", StringComparison.Ordinal));
    }

    [Fact]
    public void ExpertKernel_HasAName() => Assert.NotEmpty(Description.ExpertKernel);
}
