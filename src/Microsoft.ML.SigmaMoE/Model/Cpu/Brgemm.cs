using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using TorchSharp;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// oneDNN's small-matrix multiplication, which libtorch exports: C[M, N] (+)= A[M, K] · B[K, N] with bfloat16 A and B and
/// float32 C. B is in pairs: element (k, n) stands at ((k / 2) · N + n) · 2 + k mod 2. K is even.
/// </summary>
/// <remarks>
/// The function is no public interface of libtorch: where its symbol is missing, <see cref="IsAvailable"/> is false. It runs
/// on the calling thread, and compiles one kernel per shape and thread: callers keep the number of shapes small.
/// </remarks>
internal static unsafe class Brgemm
{
    private const string Symbol = "_ZN2at6native7cpublas6brgemmEllllllbPKN3c108BFloat16ES5_Pfb";
    private static readonly delegate* unmanaged<
        long, long, long, long, long, long, byte, ushort*, ushort*, float*, byte, void> Function = Find();

    /// <summary>Gets whether this processor and this libtorch have it. A wrong guess would end the process.</summary>
    public static bool IsAvailable => Function != null;

    /// <summary>Multiplies; rows of A are <paramref name="strideA"/> elements apart, of C <paramref name="strideC"/>, of B's pairs N.</summary>
    public static void Multiply(
        int rows, int columns, int inner, ushort* a, int strideA, ushort* b, float* c, int strideC, bool accumulate) =>
        Function(rows, columns, inner, strideA, columns, strideC, accumulate ? (byte)1 : (byte)0, a, b, c, 1);

    private static delegate* unmanaged<long, long, long, long, long, long, byte, ushort*, ushort*, float*, byte, void> Find()
    {
        if (!OperatingSystem.IsLinux() || !Avx512BW.IsSupported || !Processor.HasBFloat16)
        {
            return null;
        }

        torch.InitializeDeviceType(DeviceType.CPU); // loads libtorch, if nothing has yet
        return NativeFolders.Find(NativeFolders.FileName("torch_cpu")) is { } path
            && NativeLibrary.TryLoad(path, out var library)
            && NativeLibrary.TryGetExport(library, Symbol, out var address)
            ? (delegate* unmanaged<long, long, long, long, long, long, byte, ushort*, ushort*, float*, byte, void>)address
            : null;
    }
}
