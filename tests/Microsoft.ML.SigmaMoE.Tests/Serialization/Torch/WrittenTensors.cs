using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>The numbers that tensors of a file view.</summary>
/// <param name="className">The storage class in Python, such as FloatStorage.</param>
/// <param name="numbers">A dense tensor of one dimension.</param>
internal sealed class WrittenStorage(string className, Tensor numbers)
{
    public string Class => className;

    public Tensor Numbers => numbers;

    public static WrittenStorage Of(Tensor numbers) => new(ClassOf(numbers.dtype), numbers.contiguous().flatten());

    private static string ClassOf(ScalarType type) => type switch
    {
        ScalarType.Float64 => "DoubleStorage",
        ScalarType.Float32 => "FloatStorage",
        ScalarType.Float16 => "HalfStorage",
        ScalarType.BFloat16 => "BFloat16Storage",
        ScalarType.Int64 => "LongStorage",
        ScalarType.Int32 => "IntStorage",
        ScalarType.Int16 => "ShortStorage",
        ScalarType.Int8 => "CharStorage",
        ScalarType.Byte => "ByteStorage",
        _ => "BoolStorage",
    };
}

/// <summary>A tensor in a file: a view of a storage.</summary>
internal sealed record TorchView(
    WrittenStorage Storage, long Offset, long[] Shape, long[] Strides, bool IsParameter = false)
{
    public static TorchView Of(Tensor tensor) =>
        new(WrittenStorage.Of(tensor), 0, tensor.shape, tensor.contiguous().stride());
}

/// <summary>An ordered dictionary in a file, as a module's weights are; it has attributes.</summary>
internal sealed record WrittenWeights(IEnumerable<(string Name, TorchView Tensor)> Items);
