using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.SigmaMoE;

/// <summary>NVIDIA's driver itself. Only <c>libcuda.so.1</c> is needed, which comes with it; no toolkit.</summary>
internal sealed unsafe partial class CudaDriver : ICudaDriver
{
    private const string Library = "libcuda.so.1";
    private const int MaxDynamicSharedMemory = 8; // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    private static readonly Lazy<bool> Found = new(() => NativeLibrary.TryLoad(Library, out _));

    /// <summary>Gets whether a driver is installed; whether it works, only <see cref="Init"/> says.</summary>
    public static bool IsInstalled => OperatingSystem.IsLinux() && Found.Value;

    public int Init() => Native.cuInit(0);

    public int DriverGetVersion(out int version) => Native.cuDriverGetVersion(out version);

    public int DeviceGetCount(out int count) => Native.cuDeviceGetCount(out count);

    public int DeviceGet(out int device, int ordinal) => Native.cuDeviceGet(out device, ordinal);

    public int DeviceGetName(out string name, int device)
    {
        var text = stackalloc byte[256];
        var code = Native.cuDeviceGetName(text, 256, device);
        name = code == 0 ? Marshal.PtrToStringUTF8((nint)text)! : "";
        return code;
    }

    public int DeviceGetAttribute(out int value, CudaAttribute attribute, int device) =>
        Native.cuDeviceGetAttribute(out value, (int)attribute, device);

    public int DevicePrimaryCtxRetain(out nint context, int device) =>
        Native.cuDevicePrimaryCtxRetain(out context, device);

    public int DevicePrimaryCtxRelease(int device) => Native.cuDevicePrimaryCtxRelease_v2(device);

    public int CtxSetCurrent(nint context) => Native.cuCtxSetCurrent(context);

    public int CtxSynchronize() => Native.cuCtxSynchronize();

    public int ModuleLoadData(out nint module, ReadOnlySpan<byte> image, out string log)
    {
        const int size = 1 << 14;
        var text = stackalloc byte[size];
        text[0] = 0;
        var options = stackalloc int[] { 5, 6 };                             // CU_JIT_ERROR_LOG_BUFFER, …_SIZE_BYTES
        var values = stackalloc nint[] { (nint)text, size };
        fixed (byte* bytes = image)
        {
            var code = Native.cuModuleLoadDataEx(out module, bytes, 2, options, values);
            log = Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));
            return code;
        }
    }

    public int ModuleGetFunction(out nint function, nint module, string name) =>
        Native.cuModuleGetFunction(out function, module, name);

    public int FuncSetMaxDynamicSharedMemory(nint function, int bytes) =>
        Native.cuFuncSetAttribute(function, MaxDynamicSharedMemory, bytes);

    public int LaunchKernel(nint function, uint blocks, uint threads, uint sharedBytes, ReadOnlySpan<nint> arguments)
    {
        fixed (nint* addresses = arguments)
        {
            return Native.cuLaunchKernel(function, blocks, 1, 1, threads, 1, 1, sharedBytes, 0, addresses, null);
        }
    }

    public int MemAlloc(out nint address, long bytes) => Native.cuMemAlloc_v2(out address, (nuint)bytes);

    public int MemFree(nint address) => Native.cuMemFree_v2(address);

    public int MemcpyHtoD(nint target, ReadOnlySpan<byte> source)
    {
        fixed (byte* bytes = source)
        {
            return Native.cuMemcpyHtoD_v2(target, bytes, (nuint)source.Length);
        }
    }

    public int MemcpyDtoH(Span<byte> target, nint source)
    {
        fixed (byte* bytes = target)
        {
            return Native.cuMemcpyDtoH_v2(bytes, source, (nuint)target.Length);
        }
    }

    public int MemsetD8(nint address, byte value, long bytes) => Native.cuMemsetD8_v2(address, value, (nuint)bytes);

    public int EventCreate(out nint happening) => Native.cuEventCreate(out happening, 0);

    public int EventRecord(nint happening) => Native.cuEventRecord(happening, 0);

    public int EventSynchronize(nint happening) => Native.cuEventSynchronize(happening);

    public int EventElapsedTime(out float milliseconds, nint start, nint end) =>
        Native.cuEventElapsedTime(out milliseconds, start, end);

    public int EventDestroy(nint happening) => Native.cuEventDestroy_v2(happening);

    public int GetErrorName(int code, out string name) =>
        Text(Native.cuGetErrorName(code, out var text), text, out name);

    public int GetErrorString(int code, out string text) =>
        Text(Native.cuGetErrorString(code, out var bytes), bytes, out text);

    private static int Text(int code, nint bytes, out string text)
    {
        text = (code == 0 ? Marshal.PtrToStringUTF8(bytes) : null) ?? "";
        return code;
    }

    private static partial class Native
    {
        [LibraryImport(Library)]
        public static partial int cuInit(uint flags);

        [LibraryImport(Library)]
        public static partial int cuDriverGetVersion(out int version);

        [LibraryImport(Library)]
        public static partial int cuDeviceGetCount(out int count);

        [LibraryImport(Library)]
        public static partial int cuDeviceGet(out int device, int ordinal);

        [LibraryImport(Library)]
        public static partial int cuDeviceGetName(byte* name, int size, int device);

        [LibraryImport(Library)]
        public static partial int cuDeviceGetAttribute(out int value, int attribute, int device);

        [LibraryImport(Library)]
        public static partial int cuDevicePrimaryCtxRetain(out nint context, int device);

        [LibraryImport(Library)]
        public static partial int cuDevicePrimaryCtxRelease_v2(int device);

        [LibraryImport(Library)]
        public static partial int cuCtxSetCurrent(nint context);

        [LibraryImport(Library)]
        public static partial int cuCtxSynchronize();

        [LibraryImport(Library)]
        public static partial int cuModuleLoadDataEx(
            out nint module, byte* image, uint count, int* options, nint* values);

        [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
        public static partial int cuModuleGetFunction(out nint function, nint module, string name);

        [LibraryImport(Library)]
        public static partial int cuFuncSetAttribute(nint function, int attribute, int value);

        [LibraryImport(Library)]
        public static partial int cuLaunchKernel(
            nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint sharedBytes,
            nint stream,
            nint* arguments, nint* extra);

        [LibraryImport(Library)]
        public static partial int cuMemAlloc_v2(out nint address, nuint bytes);

        [LibraryImport(Library)]
        public static partial int cuMemFree_v2(nint address);

        [LibraryImport(Library)]
        public static partial int cuMemcpyHtoD_v2(nint target, byte* source, nuint bytes);

        [LibraryImport(Library)]
        public static partial int cuMemcpyDtoH_v2(byte* target, nint source, nuint bytes);

        [LibraryImport(Library)]
        public static partial int cuMemsetD8_v2(nint address, byte value, nuint bytes);

        [LibraryImport(Library)]
        public static partial int cuEventCreate(out nint happening, uint flags);

        [LibraryImport(Library)]
        public static partial int cuEventRecord(nint happening, nint stream);

        [LibraryImport(Library)]
        public static partial int cuEventSynchronize(nint happening);

        [LibraryImport(Library)]
        public static partial int cuEventElapsedTime(out float milliseconds, nint start, nint end);

        [LibraryImport(Library)]
        public static partial int cuEventDestroy_v2(nint happening);

        [LibraryImport(Library)]
        public static partial int cuGetErrorName(int code, out nint name);

        [LibraryImport(Library)]
        public static partial int cuGetErrorString(int code, out nint text);
    }
}
