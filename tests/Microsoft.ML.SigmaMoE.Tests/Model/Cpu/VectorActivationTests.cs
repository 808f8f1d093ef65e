using System.Runtime.Intrinsics;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Activations by registers of every width against float64.</summary>
public sealed class VectorActivationTests
{
    private const double Tolerance = 4e-7;

    [Theory]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.GeluTanh)]
    [InlineData(Activation.Silu)]
    public void ValueAndDifferentiate_OfAnyNumber_AreRight(Activation activation)
    {
        var numbers = Enumerable.Range(-4000, 8001).Select(i => i / 256f).Concat([-1e-20f, 1e-20f]).ToArray();
        foreach (var (width, run) in Widths(activation))
        {
            var (values, gradients) = run(numbers, 3);
            for (var i = 0; i < numbers.Length; i++)
            {
                var scale = Math.Max(1, Math.Abs(numbers[i]));
                var (value, slope) =
                    (ScalarActivation.Value(activation, numbers[i]), ScalarActivation.Slope(activation, numbers[i]));
                Near(value, values[i], Tolerance * scale, $"{width} lanes, value at {numbers[i]}");
                Near(
                    3 * slope, gradients[i], 3 * Math.Max(Tolerance * scale, 2e-6),
                    $"{width} lanes, gradient at {numbers[i]}");
            }
        }
    }

    [Theory]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.GeluTanh)]
    [InlineData(Activation.Silu)]
    public void ValueAndDifferentiate_FarOut_AreRelu(Activation activation)
    {
        float[] numbers = [-3e38f, -1e30f, -1e10f, -1000, -100, 100, 1000, 1e10f, 3e38f];
        foreach (var (width, run) in Widths(activation))
        {
            var (values, gradients) = run(numbers, 1);
            for (var i = 0; i < numbers.Length; i++)
            {
                Near(Math.Max(0, numbers[i]), values[i], 1e-6, $"{width} lanes, value at {numbers[i]}");
                Near(numbers[i] > 0 ? 1 : 0, gradients[i], 1e-6, $"{width} lanes, gradient at {numbers[i]}");
            }
        }
    }

    [Theory]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.GeluTanh)]
    [InlineData(Activation.Silu)]
    public void Value_OfNoNumber_IsNone(Activation activation)
    {
        var numbers = new float[16];
        Array.Fill(numbers, float.NaN);
        Assert.All(
            Widths(activation),
            width => Assert.All(width.Run(numbers, 1).Values, value => Assert.True(float.IsNaN(value))));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(37)]
    public unsafe void Apply_OnARowOfAnyLength_ChangesThatRowAlone(int count)
    {
        var row = Enumerable.Range(0, count + 1).Select(i => (float)i - 3).ToArray();
        fixed (float* start = row)
        {
            ActivationKernels.Of(Activation.Silu).Row.Apply(start, count);
        }

        Assert.Equal(count - 3, row[count]);
        for (var i = 0; i < count; i++)
        {
            Near(ScalarActivation.Value(Activation.Silu, i - 3), row[i], 1e-5, $"place {i}");
        }
    }

    private static void Near(double expected, double actual, double tolerance, string what) =>
        Assert.True(Math.Abs(expected - actual) <= tolerance, $"{what}: {actual} instead of {expected}");

    private static (int Width, Func<float[], float, (float[] Values, float[] Gradients)> Run)[] Widths(
        Activation activation) =>
        activation switch
        {
            Activation.Relu => Widths<VectorRelu>(),
            Activation.Gelu => Widths<VectorGelu>(),
            Activation.GeluTanh => Widths<VectorGeluTanh>(),
            _ => Widths<VectorSilu>(),
        };

    private static (int Width, Func<float[], float, (float[] Values, float[] Gradients)> Run)[] Widths<TActivation>()
        where TActivation : struct, IVectorActivation =>
        [
            (16, Run<Lanes512, Vector512<float>, TActivation>),
            (8, Run<Lanes256, Vector256<float>, TActivation>),
            (1, Run<Lanes1, float, TActivation>),
        ];

    private static unsafe (float[] Values, float[] Gradients) Run<TLanes, TVector, TActivation>(
        float[] numbers, float by)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
        where TActivation : struct, IVectorActivation
    {
        var padded = new float[numbers.Length + TLanes.Count];
        numbers.CopyTo(padded, 0);
        var (values, again, gradients) = (new float[padded.Length], new float[padded.Length], new float[padded.Length]);
        fixed (float* x = padded, y = values, z = again, g = gradients)
        {
            for (var i = 0; i <= padded.Length - TLanes.Count; i += TLanes.Count)
            {
                TLanes.Store(TActivation.Value<TLanes, TVector>(TLanes.Load(x + i)), y + i);
                var (value, gradient) = TActivation.Differentiate<TLanes, TVector>(TLanes.Load(x + i), TLanes.Fill(by));
                TLanes.Store(value, z + i);
                TLanes.Store(gradient, g + i);
            }
        }

        Assert.Equal(values, again);
        return (values[..numbers.Length], gradients[..numbers.Length]);
    }
}
