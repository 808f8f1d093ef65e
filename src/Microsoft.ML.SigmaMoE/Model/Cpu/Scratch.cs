using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Native memory for intermediate results, aligned for vectors. Zeroed, because padding takes part in sums; only where there
/// is none that does may it stay as it is.
/// </summary>
internal sealed unsafe class Scratch<T>(long length, bool isZeroed = true) : IDisposable
    where T : unmanaged
{
    private T* _pointer = Allocate(length, isZeroed);

    /// <summary>Gets the first element.</summary>
    public T* Pointer => _pointer;

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
    }

    private static T* Allocate(long length, bool isZeroed)
    {
        var bytes = checked((nuint)(length * sizeof(T)));
        var pointer = (T*)NativeMemory.AlignedAlloc(Math.Max(bytes, 64), 64);
        if (isZeroed)
        {
            NativeMemory.Clear(pointer, bytes);
        }

        return pointer;
    }
}
