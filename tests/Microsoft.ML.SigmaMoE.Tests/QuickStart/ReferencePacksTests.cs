using Microsoft.ML.SigmaMoE.Tests;

namespace QuickStart.Tests;

public sealed class ReferencePacksTests : IDisposable
{
    private readonly TemporaryFolder _packs = new();

    public void Dispose() => _packs.Dispose();

    [Fact]
    public void In_SeveralVersions_TakesTheNewest()
    {
        Write("Microsoft.NETCore.App.Ref/9.0.11/ref/net9.0/Old.xml");
        Write("Microsoft.NETCore.App.Ref/10.0.2/ref/net10.0/New.xml");
        Write("Microsoft.NETCore.App.Ref/10.0.2/ref/net10.0/New.dll");
        var packs = ReferencePacks.In(_packs.Path);
        Assert.Equal("New.xml", Path.GetFileName(Assert.Single(packs.DocumentationFiles)));
        Assert.Equal("New.dll", Path.GetFileName(Assert.Single(packs.Assemblies)));
    }

    [Fact]
    public void In_TwoPacksWithOneFile_ReadsItOnce()
    {
        Write("Microsoft.NETCore.App.Ref/10.0.2/ref/net10.0/Shared.xml");
        Write("Microsoft.AspNetCore.App.Ref/10.0.2/ref/net10.0/Shared.xml");
        Write("Microsoft.AspNetCore.App.Ref/10.0.2/ref/net10.0/Own.xml");
        Assert.Equal(
            ["Shared.xml", "Own.xml"], ReferencePacks.In(_packs.Path).DocumentationFiles.Select(Path.GetFileName));
    }

    [Fact]
    public void In_AFolderWithoutPacks_SaysWhatToDo()
    {
        var exception = Assert.Throws<UserException>(() => ReferencePacks.In(_packs.Path));
        Assert.Contains(_packs.Path, exception.Message, StringComparison.Ordinal);
        Assert.Contains("--text", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OfRunningSdk_HasTheDocumentationOfTheRuntime() => Assert.Contains(
        "System.Runtime.xml", ReferencePacks.OfRunningSdk().DocumentationFiles.Select(Path.GetFileName));

    private void Write(string name)
    {
        var path = _packs.File(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "");
    }
}
