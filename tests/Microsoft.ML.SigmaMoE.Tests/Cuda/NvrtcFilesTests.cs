namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class NvrtcFilesTests
{
    [Fact]
    public void Candidates_GivenARenamedCompiler_ListItBeforeTheSystemsAndLeaveOutBuiltins()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("libnvrtc-2bb82d1a.so.12"), "");
        File.WriteAllText(folder.File("libnvrtc-builtins.so"), "");
        Assert.Equal(folder.File("libnvrtc-2bb82d1a.so.12"), NvrtcFiles.Candidates(folder.Path).First());
        Assert.DoesNotContain(folder.File("libnvrtc-builtins.so"), NvrtcFiles.Candidates(folder.Path));
        Assert.Equal(
            folder.File("libnvrtc-builtins.so"), NvrtcFiles.BuiltinsBeside(folder.File("libnvrtc-2bb82d1a.so.12")));
    }

    [Fact]
    public void Candidates_GivenNoFolder_AreTheSystems()
    {
        Assert.All(
            NvrtcFiles.Candidates(null), name => Assert.StartsWith("libnvrtc.so.", name, StringComparison.Ordinal));
        Assert.Null(NvrtcFiles.BuiltinsBeside("libnvrtc.so.12"));
    }

    [Fact]
    public void TryLoad_GivenAFileThatIsNoLibrary_GoesOn()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("libnvrtc.so.12"), "no library");
        Assert.Equal(Nvrtc.TryLoad(null) is null, Nvrtc.TryLoad(folder.Path) is null);
    }
}
