namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class KernelImagesTests
{
    private static readonly KernelSource Routing = KernelSource.Read("routing", "routing.cu");

    [Fact]
    public void Get_WithoutACompiler_GivesPackedPtx() =>
        Assert.Equal(PackedPtx.Read(Routing), new KernelImages(null, new([])).Get(Routing, 90));

    [Fact]
    public void Get_ForADeviceThatTheCompilerDoesNotKnow_GivesPackedPtx() =>
        Assert.Equal(PackedPtx.Read(Routing), new KernelImages(new FakeCompiler(), new([])).Get(Routing, 100));

    [Fact]
    public void Get_WithACompiler_CompilesForTheVeryDeviceOnce()
    {
        var compiler = new FakeCompiler();
        var images = new KernelImages(compiler, new([]));
        Assert.Equal([1], images.Get(Routing, 80));
        Assert.Equal([1], images.Get(Routing, 80));
        Assert.Equal([2], images.Get(Routing, 86));
        Assert.Equal(["routing sm_80", "routing sm_86"], compiler.Compiled);
    }

    [Fact]
    public void Hash_DependsOnTextHeadersAndConstants()
    {
        var source = KernelSource.Read("expert_forward.float", "expert_forward.cu", "ONLY_FLOAT");
        string[] hashes =
        [
            source.Hash,
            new KernelSource(source.Name, source.Text + " ", source.Headers, source.Constants).Hash,
            new KernelSource(source.Name, source.Text, [.. source.Headers.Skip(1)], source.Constants).Hash,
            new KernelSource(source.Name, source.Text, source.Headers, []).Hash,
        ];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.NotEmpty(source.Headers);
    }

    private sealed class FakeCompiler : IKernelCompiler
    {
        public List<string> Compiled { get; } = [];

        public string Version => "fake 1";

        public IReadOnlyList<int> Capabilities => [80, 86];

        public CompiledKernels Compile(KernelSource source, string architecture)
        {
            Compiled.Add($"{source.Name} {architecture}");
            return new([(byte)Compiled.Count], "");
        }
    }
}
