using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.SigmaMoE.Tests;

public sealed unsafe class SoftmaxRowTests
{
    private delegate (float Largest, float Sum) Exponentiation(float* row, float* added, int count);

    public static MatrixTheoryData<int, bool> Cases => new([1, 7, 8, 16, 31, 32, 64, 77, 1000], [true, false]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Exponentiate_InRegistersOfAnyWidth_EqualsFloat64(int count, bool isWide)
    {
        Assert.SkipUnless(
            isWide ? Vector512.IsHardwareAccelerated : Avx2.IsSupported, "This processor has no such registers.");
        var random = new Random(count);
        float[] row = [.. Enumerable.Range(0, count).Select(_ => 60 * random.NextSingle() - 30)];
        float[] added = [.. Enumerable.Range(0, count).Select(_ => random.NextSingle())];
        float[] logits = [.. row.Zip(added, (x, y) => x + y)];
        double[] wanted = [.. logits.Select(logit => Math.Exp(logit - logits.Max()))];   // a difference in float32
        var (largest, sum) = Run(isWide, row, added);
        Assert.Equal(logits.Max(), largest);
        Assert.Equal(wanted.Sum(), sum, wanted.Sum() * 1e-6);
        foreach (var (exact, got) in wanted.Zip(row))
        {
            Assert.Equal(exact, got, exact * 3e-7);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Exponentiate_OfLogitsFarApart_GivesNextToNothingForTheLower(bool isWide)
    {
        Assert.SkipUnless(
            isWide ? Vector512.IsHardwareAccelerated : Avx2.IsSupported, "This processor has no such registers.");
        var row = new float[64];
        (row[3], row[5], row[50]) = (3e4f, -3e4f, float.NegativeInfinity);
        var (largest, sum) = Run(isWide, row, new float[64]);
        Assert.Equal((3e4f, 1f), (largest, sum));
        Assert.Equal(1, row[3]);
        Assert.All(row.Where((_, place) => place != 3), value => Assert.InRange(value, 0, 1e-37f));
    }

    [Theory]
    [InlineData(true, 2)]
    [InlineData(true, 63)]
    [InlineData(false, 2)]
    [InlineData(false, 63)]
    public void Exponentiate_OfALogitThatIsNoNumber_GivesASumThatIsNone(bool isWide, int place)
    {
        Assert.SkipUnless(
            isWide ? Vector512.IsHardwareAccelerated : Avx2.IsSupported, "This processor has no such registers.");
        var row = new float[66];
        row[place] = float.NaN;
        Assert.True(float.IsNaN(Run(isWide, row, new float[66]).Sum));
    }

    [Fact]
    public void Exponentiate_GivenFewerSummandsThanLogits_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SoftmaxRow.Exponentiate(new float[5], new float[4]));

    private static (float Largest, float Sum) Run(bool isWide, float[] row, float[] added)
    {
        Exponentiation run = isWide
            ? SoftmaxRow.Run<Lanes512, Vector512<float>>
            : SoftmaxRow.Run<Lanes256, Vector256<float>>;
        fixed (float* x = row, y = added)
        {
            return run(x, y, row.Length);
        }
    }
}
