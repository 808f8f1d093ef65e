using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// Native memory for intermediate results, aligned for vectors. Zeroed, because padding takes part in sums; only where
/// there is none that does may it stay as it is.
/// </summary>
/// <remarks>
/// Aligned by hand: glibc's aligned allocation asks for more than it takes, so that a block of the same size does not
/// fit where the last one was, and every call would begin with pages that the kernel clears first.
/// </remarks>
internal sealed unsafe class Scratch<T> : IDisposable
    where T : unmanaged
{
    private const int Alignment = 64;
    private readonly long _bytes;
    private void* _block;

    /// <summary>Takes room for some elements.</summary>
    public Scratch(long length, bool isZeroed = true)
    {
        _bytes = checked(length * sizeof(T));
        _block = NativeMemory.Alloc((nuint)_bytes + Alignment);
        Pointer = (T*)(((nint)_block + Alignment - 1) & -Alignment);
        if (isZeroed)
        {
            NativeMemory.Clear(Pointer, (nuint)_bytes);
        }
    }

    /// <summary>Gets the first element.</summary>
    public T* Pointer { get; private set; }

    /// <summary>Gets where it lies: its first byte and how many.</summary>
    public (nint Start, long Bytes) Memory => ((nint)Pointer, _bytes);

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_block);
        _block = Pointer = null;
    }
}
