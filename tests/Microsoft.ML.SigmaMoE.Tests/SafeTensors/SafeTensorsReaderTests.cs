using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class SafeTensorsReaderTests
{
    [Fact]
    public void ReadInto_AParameter_FillsItInPlace()
    {
        using var scope = NewDisposeScope();
        using var stream = File([("w", arange(6, dtype: float32).view(2, 3))]);
        var parameter = new Parameter(zeros(2, 3));
        new SafeTensorsReader(stream).ReadInto("w", parameter);
        Assert.Equal([0f, 1, 2, 3, 4, 5], parameter.data<float>().ToArray());
        Assert.True(parameter.requires_grad);
    }

    [Fact]
    public void ReadInto_ATransposedParameter_FillsItInItsOwnStrides()
    {
        using var scope = NewDisposeScope();
        using var stream = File([("w", arange(6, dtype: float32).view(2, 3))]);
        var parameter = new Parameter(zeros(3, 2));
        new SafeTensorsReader(stream).ReadInto("w", parameter.t());
        Assert.Equal([0f, 3, 1, 4, 2, 5], parameter.data<float>().ToArray());
    }

    [Fact]
    public void ReadInto_AnotherShapeOrFormat_NamesBoth()
    {
        using var scope = NewDisposeScope();
        using var stream = File([("w", zeros(2, 3))]);
        var reader = new SafeTensorsReader(stream);
        var shape = Assert.Throws<InvalidDataException>(() => reader.ReadInto("w", zeros(3, 2)));
        var type = Assert.Throws<InvalidDataException>(() => reader.ReadInto("w", zeros([2, 3], dtype: float64)));
        Assert.Contains("'w' (F32 [2, 3]) where 'w' (F32 [3, 2]) belongs", shape.Message, StringComparison.Ordinal);
        Assert.Contains("'w' (F32 [2, 3]) where 'w' (F64 [2, 3]) belongs", type.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfAMissingTensor_NamesIt()
    {
        using var stream = File([]);
        var thrown = Assert.Throws<InvalidDataException>(() => new SafeTensorsReader(stream).Read("layers.0.scale"));
        Assert.Contains("'layers.0.scale'", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_InAnyOrder_WorksWhereTheStreamSeeks()
    {
        using var scope = NewDisposeScope();
        using var stream = File([("a", full(2, 1f)), ("b", full(2, 2f))]);
        var reader = new SafeTensorsReader(stream);
        Assert.Equal(2f, reader.Read("b")[1].item<float>());
        Assert.Equal(1f, reader.Read("a")[1].item<float>());
    }

    [Fact]
    public void Read_Backwards_IsRefusedWhereTheStreamCannotSeek()
    {
        using var scope = NewDisposeScope();
        using var stream = File([("a", full(200_000, 1f)), ("b", full(2, 2f))]);
        var reader = new SafeTensorsReader(new ForwardOnlyStream(stream, 1000));
        Assert.Equal(2f, reader.Read("b")[1].item<float>());
        var thrown = Assert.Throws<InvalidOperationException>(() => reader.Read("a"));
        Assert.Contains("'a'", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reader_OfAFileInsideAStream_BeginsAtItsPosition()
    {
        using var scope = NewDisposeScope();
        using var inner = File([("a", full(2, 5f))]);
        using var stream = new MemoryStream();
        stream.Write([1, 2, 3]);
        inner.CopyTo(stream);
        stream.Position = 3;
        Assert.Equal(5f, new SafeTensorsReader(stream).Read("a")[1].item<float>());
    }

    [Fact]
    public void Read_LeavesNoTensorBehind()
    {
        using var stream = File([("a", zeros(3)), ("b", zeros(2, 2))]);
        using var target = zeros(2, 2);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var reader = new SafeTensorsReader(stream);
        reader.Read("a").Dispose();
        reader.ReadInto("b", target);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static MemoryStream File((string, Tensor)[] tensors)
    {
        using var scope = NewDisposeScope();
        var stream = new MemoryStream();
        SafeTensorsFile.Write(stream, tensors);
        stream.Position = 0;
        return stream;
    }
}
