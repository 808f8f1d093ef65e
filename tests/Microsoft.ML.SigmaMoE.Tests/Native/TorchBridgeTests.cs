namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class TorchBridgeTests
{
    public TorchBridgeTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "The library is relaxed on Linux only.");

    [Fact]
    public void ReadRelaxed_OfTorchSharpsLibrary_ChangesAFewBytesOfACopy()
    {
        var path = NativeFolders.Find(TorchBridge.FileName)!;
        var original = File.ReadAllBytes(path);
        var relaxed = TorchBridge.ReadRelaxed(path);
        Assert.NotNull(relaxed);
        Assert.Equal(original.Length, relaxed.Length);
        Assert.Equal(original, File.ReadAllBytes(path));
        Assert.InRange(original.Zip(relaxed).Count(pair => pair.First != pair.Second), 3, 4);
    }

    [Fact]
    public void ReadRelaxed_OfWhatNeedsNoCopy_GivesNone()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("relaxed.so");
        File.WriteAllBytes(path, TorchBridge.ReadRelaxed(NativeFolders.Find(TorchBridge.FileName)!)!);
        Assert.Null(TorchBridge.ReadRelaxed(path));
    }

    [Fact]
    public void ReadRelaxed_OfAnotherFile_Throws()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("text"), "no library at all");
        Assert.Throws<InvalidDataException>(() => TorchBridge.ReadRelaxed(folder.File("text")));
    }

    [Fact]
    public void Load_Again_GivesTheSameHandle() => Assert.Equal(TorchBridge.Load(), TorchBridge.Load());
}
