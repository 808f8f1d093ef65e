using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>NVIDIA's run-time compiler. It comes with TorchSharp-cuda-linux; without it packed PTX is used.</summary>
internal sealed unsafe class Nvrtc : IKernelCompiler
{
    private readonly nint _library;

    private Nvrtc(nint library)
    {
        _library = library;
        int major, minor, count;
        Check(((delegate* unmanaged<int*, int*, int>)Export("nvrtcVersion"))(&major, &minor), "nvrtcVersion");
        Check(
            ((delegate* unmanaged<int*, int>)Export("nvrtcGetNumSupportedArchs"))(&count), "nvrtcGetNumSupportedArchs");
        var capabilities = new int[count];
        fixed (int* first = capabilities)
        {
            Check(((delegate* unmanaged<int*, int>)Export("nvrtcGetSupportedArchs"))(first), "nvrtcGetSupportedArchs");
        }

        (Version, Capabilities) = ($"nvrtc {major}.{minor}", capabilities);
    }

    public string Version { get; }

    public IReadOnlyList<int> Capabilities { get; }

    /// <summary>Loads the compiler from a folder or, where that is null, from where the system looks.</summary>
    /// <returns>The compiler, or null where there is none that works.</returns>
    public static Nvrtc? TryLoad(string? folder)
    {
        foreach (var path in NvrtcFiles.Candidates(folder))
        {
            // it opens its builtins by their bare name: that finds them only if they are loaded
            if (NvrtcFiles.BuiltinsBeside(path) is { } builtins)
            {
                NativeLibrary.TryLoad(builtins, out _);
            }

            if (NativeLibrary.TryLoad(path, out var library) && NativeLibrary.TryGetExport(library, "nvrtcGetSupportedArchs", out _))
            {
                return new(library);
            }
        }

        return null;
    }

    public CompiledKernels Compile(KernelSource source, string architecture)
    {
        var program = Create(source);
        try
        {
            string[] options = [$"-arch={architecture}", "--std=c++17", "--ptxas-options=-v", .. source.Constants.Select(name => $"-D{name}")];
            var addresses = options.Select(Marshal.StringToCoTaskMemUTF8).ToArray();
            int code;
            fixed (nint* first = addresses)
            {
                code = ((delegate* unmanaged<nint, int, nint*, int>)Export("nvrtcCompileProgram"))(
                    program, options.Length, first);
            }

            Array.ForEach(addresses, Marshal.FreeCoTaskMem);
            var log = Encoding.UTF8.GetString(Read(program, "nvrtcGetProgramLog")).TrimEnd('\0');
            Check(code, "nvrtcCompileProgram", $"{source.Name} ({architecture})", log);
            var isPtx = architecture.StartsWith("compute", StringComparison.Ordinal);
            return new(Read(program, isPtx ? "nvrtcGetPTX" : "nvrtcGetCUBIN"), log);
        }
        finally
        {
            ((delegate* unmanaged<nint*, int>)Export("nvrtcDestroyProgram"))(&program);
        }
    }

    private nint Create(KernelSource source)
    {
        var texts = source.Headers.Select(header => Marshal.StringToCoTaskMemUTF8(header.Text)).ToArray();
        var names = source.Headers.Select(header => Marshal.StringToCoTaskMemUTF8(header.Name)).ToArray();
        var (text, name) = (Marshal.StringToCoTaskMemUTF8(source.Text), Marshal.StringToCoTaskMemUTF8(source.Name));
        try
        {
            nint program;
            fixed (nint* headerTexts = texts, headerNames = names)
            {
                var create = (delegate* unmanaged<nint*, nint, nint, int, nint*, nint*, int>)Export(
                    "nvrtcCreateProgram");
                Check(
                    create(&program, text, name, texts.Length, headerTexts, headerNames), "nvrtcCreateProgram",
                    source.Name);
            }

            return program;
        }
        finally
        {
            Array.ForEach([.. texts, .. names, text, name], Marshal.FreeCoTaskMem);
        }
    }

    // "…Log", "…PTX" and "…CUBIN" each have a "…Size"
    private byte[] Read(nint program, string call)
    {
        nuint size;
        Check(((delegate* unmanaged<nint, nuint*, int>)Export($"{call}Size"))(program, &size), $"{call}Size");
        var bytes = new byte[size];
        fixed (byte* first = bytes)
        {
            Check(((delegate* unmanaged<nint, byte*, int>)Export(call))(program, first), call);
        }

        return bytes;
    }

    private void* Export(string name) => (void*)NativeLibrary.GetExport(_library, name);

    private void Check(int code, string call, string? kernel = null, string? log = null)
    {
        if (code != 0)
        {
            var text = ((delegate* unmanaged<int, nint>)Export("nvrtcGetErrorString"))(code);
            throw new CudaException(
                call, code, Marshal.PtrToStringUTF8(text) ?? "", "the compiler refused", kernel, log);
        }
    }
}
