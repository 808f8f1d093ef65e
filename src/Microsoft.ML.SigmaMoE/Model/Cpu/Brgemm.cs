using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using TorchSharp;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// oneDNN's small-matrix multiplication, which libtorch exports: C[M, N] (+)= A[M, K] · B[K, N] with bfloat16 A and B
/// and float32 C. B is in pairs: element (k, n) stands at ((k / 2) · N + n) · 2 + k mod 2. K is even.
/// </summary>
/// <remarks>
/// The function is no public interface of libtorch: where its symbol is missing, <see cref="IsAvailable"/> is false. It
/// runs on the calling thread, and compiles one kernel per shape and thread: callers keep the number of shapes small.
/// <para>
/// On a processor with matrix units (AMX) it leaves them set up for its last shape and takes that for granted at its
/// next call. libtorch's own products set them up anew: the process would end with an illegal instruction. So a thread
/// makes one of these, multiplies, and disposes it on the same thread before libtorch's turn.
/// </para>
/// </remarks>
internal sealed unsafe class Brgemm : IDisposable
{
    private const string Symbol = "_ZN2at6native7cpublas6brgemmEllllllbPKN3c108BFloat16ES5_Pfb";
    private const string ReleaseSymbol = "_ZN2at6native7cpublas14brgemm_releaseEb";
    private static readonly delegate* unmanaged<byte, void> Release =
        (delegate* unmanaged<byte, void>)Find(ReleaseSymbol);

    private static readonly delegate* unmanaged<
        long, long, long, long, long, long, byte, ushort*, ushort*, float*, byte, void> Function =
        (delegate* unmanaged<long, long, long, long, long, long, byte, ushort*, ushort*, float*, byte, void>)Find(Symbol);

    /// <summary>Gets whether this processor and this libtorch have it. A wrong guess would end the process.</summary>
    public static bool IsAvailable => Function != null && Release != null;

    /// <summary>
    /// Multiplies; rows of A are <paramref name="strideA"/> elements apart, of C <paramref name="strideC"/>, of B's
    /// pairs N.
    /// </summary>
#pragma warning disable CA1822 // what it uses belongs to the thread, but only between making and disposing one
    public void Multiply(
        int rows, int columns, int inner, ushort* a, int strideA, ushort* b, float* c, int strideC, bool accumulate) =>
        Multiply(rows, columns, inner, a, strideA, b, columns, c, strideC, accumulate);

    /// <summary>
    /// Multiplies by some columns of a wider B, whose rows are <paramref name="strideB"/> pairs apart.
    /// </summary>
    public void Multiply(
        int rows, int columns, int inner, ushort* a, int strideA, ushort* b, int strideB, float* c, int strideC,
        bool accumulate) =>
        Function(rows, columns, inner, strideA, strideB, strideC, accumulate ? (byte)1 : (byte)0, a, b, c, 1);
#pragma warning restore CA1822

    /// <summary>Hands the calling thread's matrix units back.</summary>
    public void Dispose() => Release(1);

    private static nint Find(string symbol)
    {
        if (!OperatingSystem.IsLinux() || !Avx512BW.IsSupported || !Processor.HasBFloat16)
        {
            return 0;
        }

        torch.InitializeDeviceType(DeviceType.CPU); // loads libtorch, if nothing has yet
        return NativeFolders.Find(NativeFolders.FileName("torch_cpu")) is { } path
            && NativeLibrary.TryLoad(path, out var library)
            && NativeLibrary.TryGetExport(library, symbol, out var address)
            ? address
            : 0;
    }
}
