using System.Globalization;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>
/// Every CUDA kernel on the CPU against a dumb reference, three ways, and with faults planted, which must be found.
/// </summary>
public sealed class KernelEmulationTests(KernelChecks checks) : IClassFixture<KernelChecks>
{
    /// <summary>Gets the builds and, as the script lists them, the faults.</summary>
    public static TheoryData<string> Checks =>
        ["build-plain", "build-random", "build-address",
            .. File.ReadAllLines(Path.Combine(KernelChecks.Folder, "mutants.txt"))
                .Where(line => !line.StartsWith('#'))
                .Select(line => $"fault {line.Split(' ')[0]}")];

    [Theory]
    [MemberData(nameof(Checks))]
    public void Kernels_OnTheEmulator_PassTheirCheck(string check)
    {
        Assert.SkipWhen(checks.SkipReason is not null, checks.SkipReason ?? "");
        Assert.StartsWith("passed ", checks.ResultOf(check), StringComparison.Ordinal);
    }

    [Fact]
    public void Tiles_OfTheHost_AreThoseOfTheKernels()
    {
        Assert.SkipWhen(checks.SkipReason is not null, checks.SkipReason ?? "");
        Assert.Equal(checks.Tiles, CudaTile.All.Select(tile => string.Create(
            CultureInfo.InvariantCulture,
            $"{tile.Suffix} {tile.Rows} {tile.Columns} {tile.Threads} "
            + $"{tile.UpBytes} {tile.DownBytes} {tile.HiddenBytes} {tile.WeightBytes}")));
    }
}
