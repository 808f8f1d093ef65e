using System.Collections;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TorchSharp;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed partial class PluginFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public PluginFolderTests() =>
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Plug-in folders are prepared on Linux only.");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TryReplace_OfAHardLink_LeavesTheOtherLinkAlone()
    {
        var (cache, plugin) = (_folder.File("cache.so"), _folder.File("plugin.so"));
        File.Copy(NativeFolders.Find(TorchBridge.FileName)!, cache);
        Assert.Equal(0, Link(cache, plugin));
        var original = File.ReadAllBytes(cache);
        Assert.True(PluginFolder.TryReplace(plugin));
        Assert.Equal(original, File.ReadAllBytes(cache));
        Assert.NotEqual(original, File.ReadAllBytes(plugin));
        Assert.False(PluginFolder.TryReplace(plugin));
    }

    [Fact]
    public void TryReplace_OfWhatIsNoLibrary_LeavesIt()
    {
        File.WriteAllText(_folder.File("text.so"), "text");
        Assert.False(PluginFolder.TryReplace(_folder.File("text.so")));
        Assert.False(PluginFolder.TryReplace(_folder.File("missing.so")));
        Assert.Equal("text", File.ReadAllText(_folder.File("text.so")));
    }

    // The two ways in which hosts make contexts for plug-ins: with their own search for native files, and without.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Library_InAPluginsContext_Computes(bool loadsNativeFilesItself)
    {
        CreatePlugin();
        AssemblyLoadContext context = loadsNativeFilesItself
            ? new DocumentedContext(_folder.Path)
            : new PlainContext(_folder.Path);
        var library = context.LoadFromAssemblyPath(_folder.File("Microsoft.ML.SigmaMoE.dll"));
        var reader = library.GetType("Microsoft.ML.SigmaMoE.SafeTensorsFile")!.GetMethod("Read", [typeof(string)])!;
        var file = Path.Combine(AppContext.BaseDirectory, "Reference", "Cases", "pkm_relu", "tensors.safetensors");
        var tensors = (IEnumerable)reader.Invoke(null, [file])!;
        Assert.NotSame(typeof(SafeTensorsFile).Assembly, library);
        Assert.NotEmpty(tensors);
    }

    private void CreatePlugin()
    {
        File.Copy(typeof(SafeTensorsFile).Assembly.Location, _folder.File("Microsoft.ML.SigmaMoE.dll"));
        File.Copy(typeof(torch).Assembly.Location, _folder.File("TorchSharp.dll"));
        var natives = Directory.CreateDirectory(_folder.File("runtimes/linux-x64/native")).FullName;
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(NativeFolders.Find("libtorch_cpu.so")!)!))
        {
            File.CreateSymbolicLink(Path.Combine(natives, Path.GetFileName(file)), file);
        }
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string created);

    private class PlainContext(string folder) : AssemblyLoadContext
    {
        protected string Folder { get; } = folder;

        protected override Assembly? Load(AssemblyName assemblyName)
        {
            var path = Path.Combine(Folder, $"{assemblyName.Name}.dll");
            return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
        }
    }

    private sealed class DocumentedContext(string folder) : PlainContext(folder)
    {
        protected override nint LoadUnmanagedDll(string unmanagedDllName)
        {
            var path = Path.Combine(Folder, "runtimes", "linux-x64", "native", $"lib{unmanagedDllName}.so");
            return File.Exists(path) ? LoadUnmanagedDllFromPath(path) : 0;
        }
    }
}
