using System.Numerics;
using System.Runtime.InteropServices;

namespace Microsoft.ML.SigmaMoE;

/// <summary>AdamW over float32 in memory: one pass, each element read and written once.</summary>
internal static class AdamWKernel
{
    public static void Run(
        Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> mean, Span<float> square,
        in AdamWCoefficients c)
    {
        var p = MemoryMarshal.Cast<float, Vector<float>>(parameter);
        var g = MemoryMarshal.Cast<float, Vector<float>>(gradient)[..p.Length];
        var m = MemoryMarshal.Cast<float, Vector<float>>(mean)[..p.Length];
        var v = MemoryMarshal.Cast<float, Vector<float>>(square)[..p.Length];
        var (decay, epsilon) = (new Vector<float>(c.Decay), new Vector<float>(c.Epsilon));
        for (var i = 0; i < p.Length; i++)
        {
            var scaled = g[i] * c.GradientScale;
            m[i] += (scaled - m[i]) * c.OneMinusBeta1;
            v[i] = (v[i] * c.Beta2) + (scaled * scaled * c.OneMinusBeta2);
            p[i] = (p[i] * decay) - (m[i] * c.StepSize / ((Vector.SquareRoot(v[i]) * c.RootScale) + epsilon));
        }

        for (var i = p.Length * Vector<float>.Count; i < parameter.Length; i++)
        {
            var scaled = gradient[i] * c.GradientScale;
            mean[i] += (scaled - mean[i]) * c.OneMinusBeta1;
            square[i] = (square[i] * c.Beta2) + (scaled * scaled * c.OneMinusBeta2);
            parameter[i] = (parameter[i] * c.Decay)
                - (mean[i] * c.StepSize / ((MathF.Sqrt(square[i]) * c.RootScale) + c.Epsilon));
        }
    }
}
