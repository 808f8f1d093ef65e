using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed class SegmentMemoryTests
{
    [Fact]
    public void Append_BeyondTheCapacity_KeepsTheLatest()
    {
        using var memory = Filled(capacity: 5, 1, 2, 3);
        Append(memory, 4, 5, 6);
        Assert.Equal([2f, 3, 4, 5, 6], Seen(memory));
        Append(memory, 7, 8, 9, 10, 11, 12);
        Assert.Equal([8f, 9, 10, 11, 12], Seen(memory));
    }

    [Fact]
    public void Append_WithoutCapacity_KeepsNothing()
    {
        using var memory = Filled(capacity: 0, 1, 2, 3);
        Assert.Equal(0, memory.Length);
        Assert.Null(memory[0]);
    }

    [Theory]
    [InlineData(0, new float[0])]
    [InlineData(2, new float[] { 2, 3 })]
    [InlineData(9, new float[] { 1, 2, 3 })]
    public void KeepLatest_OfSome_ForgetsTheOlder(int count, float[] left)
    {
        using var memory = Filled(capacity: 5, 1, 2, 3);
        memory.KeepLatest(count);
        Assert.Equal(left, Seen(memory));
    }

    [Fact]
    public void Window_OverTheMemory_HidesTheOlderUntilItIsWidened()
    {
        using var memory = Filled(capacity: 5, 1, 2, 3);
        memory.Window = 1;
        Assert.Equal([3f], Seen(memory));
        Append(memory, 4);
        Assert.Equal([4f], Seen(memory));
        memory.Window = 0;
        Assert.Equal([], Seen(memory));
        memory.Window = long.MaxValue;
        Assert.Equal([1f, 2, 3, 4], Seen(memory));
    }

    private static SegmentMemory Filled(int capacity, params float[] values)
    {
        var memory = new SegmentMemory(capacity);
        Append(memory, values);
        return memory;
    }

    private static void Append(SegmentMemory memory, params float[] values)
    {
        using var scope = NewDisposeScope();
        memory.Append([tensor(values).view(1, -1, 1)]);
    }

    private static float[] Seen(SegmentMemory memory)
    {
        using var scope = NewDisposeScope();
        return memory[0]?.contiguous().data<float>().ToArray() ?? [];
    }
}
