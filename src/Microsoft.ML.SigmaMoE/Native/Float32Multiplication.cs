using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// How libtorch multiplies float32 matrices on the processor, for the whole process: "highest" by MKL, "medium" by
/// oneDNN. The functions are no public interface of libtorch, and TorchSharp does not offer them; where they are
/// missing nothing changes.
/// </summary>
internal static unsafe class Float32Multiplication
{
    private const string ContextSymbol = "_ZN2at13globalContextEv";
    private const string GetSymbol = "_ZNK2at7Context22float32MatmulPrecisionEv";
    private const string SetSymbol =
        "_ZN2at7Context25setFloat32MatmulPrecisionERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE";
    private static readonly string[] Words = ["highest", "high", "medium"];
    private static readonly Functions? Found = Find();

    /// <summary>Gets whether it can be chosen here.</summary>
    public static bool IsAdjustable => Found is not null;

    /// <summary>
    /// Gets or sets the word that libtorch has for it: highest, high or medium; null where it cannot be chosen.
    /// </summary>
    public static string? Word
    {
        get => Found is null ? null : Words.ElementAtOrDefault(Found.Get(Found.Context()));
        set
        {
            if (Found is not null && Words.Contains(value))
            {
                Set(Found, value!);
            }
        }
    }

    /// <summary>Chooses until the result is disposed; null leaves it alone.</summary>
    public static IDisposable Use(string? word)
    {
        var before = new PutBack(word is null ? null : Word);
        Word = word;
        return before;
    }

    // The image of a short std::string: where its text is, how long it is, and the text itself.
    private static void Set(Functions functions, string word)
    {
        var image = stackalloc byte[32];
        var text = image + 16;
        *(byte**)image = text;
        *(long*)(image + 8) = word.Length;
        Encoding.ASCII.GetBytes(word, new Span<byte>(text, 15));
        text[word.Length] = 0;
        functions.Set(functions.Context(), image);
    }

    private static Functions? Find()
    {
        // elsewhere another C++ library lays out strings
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64
            || NativeFolders.Find(NativeFolders.FileName("torch_cpu")) is not { } path
            || !NativeLibrary.TryLoad(path, out var library)
            || !NativeLibrary.TryGetExport(library, ContextSymbol, out var context)
            || !NativeLibrary.TryGetExport(library, GetSymbol, out var get)
            || !NativeLibrary.TryGetExport(library, SetSymbol, out var set))
        {
            return null;
        }

        return new(context, get, set);
    }

    private sealed class Functions(nint context, nint get, nint set)
    {
        public nint Context() => ((delegate* unmanaged<nint>)context)();

        public int Get(nint of) => ((delegate* unmanaged<nint, int>)get)(of);

        public void Set(nint of, byte* text) => ((delegate* unmanaged<nint, byte*, void>)set)(of, text);
    }

    private sealed class PutBack(string? word) : IDisposable
    {
        public void Dispose() => Word = word;
    }
}
