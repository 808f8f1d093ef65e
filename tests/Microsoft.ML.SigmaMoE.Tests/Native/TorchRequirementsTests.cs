using System.Text.Json;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TorchRequirementsTests
{
    [Fact]
    public void MissingPackage_NamesThePackageOfThisSystemAndTheCommand()
    {
        var message = TorchRequirements.MissingPackage();
        Assert.Contains("dotnet add package libtorch-cpu-", message, StringComparison.Ordinal);
        Assert.Contains("2.10.0", message, StringComparison.Ordinal);
        Assert.Contains("TorchSharp-cuda-linux", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Packages_OfThisProgram_HoldTheLibtorchOfThisSystemAlone()
    {
        using var dependencies = JsonDocument.Parse(
            File.ReadAllText(Path.ChangeExtension(typeof(TorchRequirementsTests).Assembly.Location, ".deps.json")));
        var packages = dependencies.RootElement.GetProperty("libraries").EnumerateObject()
            .Select(library => library.Name.Split('/')[0])
            .Where(name => name.StartsWith("libtorch", StringComparison.OrdinalIgnoreCase));
        var package = Assert.Single(packages);
        Assert.Contains($" package {package} ", TorchRequirements.MissingPackage(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2.31", "glibc 2.31")]
    [InlineData("2.9", "glibc 2.9")]
    [InlineData(null, "another C library")]
    public void GlibcFault_OfWhatIsTooOldOrAnother_SaysWhatIsThereAndWhatIsNeeded(string? version, string present)
    {
        var message = TorchRequirements.GlibcFault(version);
        Assert.Contains(present, message, StringComparison.Ordinal);
        Assert.Contains("needs glibc 2.34", message, StringComparison.Ordinal);
        Assert.Contains("Debian 12", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2.34")]
    [InlineData("2.36")]
    [InlineData("3.0")]
    [InlineData("2.40-custom")]
    public void GlibcFault_OfWhatIsNewEnough_IsNone(string version) =>
        Assert.Null(TorchRequirements.GlibcFault(version));

    [Fact]
    public void CxxRuntimeFault_OfOneWithoutTheSymbol_SaysWhichIsNeeded()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the C++ runtime of Linux");
        var message = TorchRequirements.CxxRuntimeFault("libstdc++.so.6", "a_symbol_of_next_year");
        Assert.Contains("GCC 11", message, StringComparison.Ordinal);
        Assert.Contains("LD_LIBRARY_PATH", message, StringComparison.Ordinal);
    }

    [Fact]
    public void CxxRuntimeFault_WhereThereIsNone_NamesItsPackages()
    {
        var message = TorchRequirements.CxxRuntimeFault("libstdc++.so.66", "any");
        Assert.Contains("libstdc++6 on Debian", message, StringComparison.Ordinal);
    }

    [Fact]
    public void SystemFault_WhereTheseTestsRun_IsNone() => Assert.Null(TorchRequirements.SystemFault());
}
