using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE;

/// <summary>How the numbers of a row are stored; they are read as float32.</summary>
internal unsafe interface INumbers
{
    /// <summary>Gets the bytes of a number.</summary>
    static abstract int Size { get; }

    /// <summary>Reads a vector from a place on.</summary>
    static abstract TVector Load<TLanes, TVector>(void* row, int place)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct;

    /// <summary>Reads four numbers from a place on.</summary>
    static abstract Vector128<float> LoadFour(void* row, int place);

    /// <summary>Reads one number.</summary>
    static abstract float Load(void* row, int place);
}

/// <summary>float32 as it is.</summary>
internal readonly unsafe struct Float32Numbers : INumbers
{
    public static int Size => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TLanes, TVector>(void* row, int place)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct => TLanes.Load((float*)row + place);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadFour(void* row, int place) => Vector128.Load((float*)row + place);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(void* row, int place) => ((float*)row)[place];
}

/// <summary>bfloat16, widened.</summary>
internal readonly unsafe struct BFloat16Numbers : INumbers
{
    public static int Size => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TLanes, TVector>(void* row, int place)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct => TLanes.LoadBFloat16((ushort*)row + place);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadFour(void* row, int place) =>
        (Vector128.WidenLower(Vector128.CreateScalar(*(ulong*)((ushort*)row + place)).AsUInt16()) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(void* row, int place) => BFloat16Rounding.Widen(((ushort*)row)[place]);
}
