using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Microsoft.ML.SigmaMoE;

/// <summary>Loads a library from memory, for systems on which no folder can be written (Linux).</summary>
internal static partial class AnonymousFile
{
    private const uint CloseOnExecute = 1; // MFD_CLOEXEC

    /// <summary>Loads <paramref name="content"/> as a native library.</summary>
    /// <exception cref="DllNotFoundException">The kernel gives no anonymous file, or the loader refuses it.</exception>
    public static nint Load(string name, byte[] content)
    {
        var descriptor = CreateAnonymous(name, CloseOnExecute);
        if (descriptor < 0)
        {
            throw new DllNotFoundException(
                $"{name} needs a changed copy, no cache folder can be written (set SIGMAMOE_CACHE_DIR to one that can), "
                + $"and an anonymous file was refused: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}.");
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        RandomAccess.Write(handle, content, 0);
        return NativeLibrary.Load($"/proc/self/fd/{descriptor}");
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateAnonymous(string name, uint flags);
}
