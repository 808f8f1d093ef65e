using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Random numbers that somebody else can compute with as well.</summary>
internal sealed class RecordingRandomness(long seed) : Randomness(seed)
{
    public List<Tensor> Uniforms { get; } = [];

    public List<Tensor> Normals { get; } = [];

    public override Tensor Uniform(long[] shape) => Kept(Uniforms, base.Uniform(shape));

    public override Tensor Normal(long[] shape) => Kept(Normals, base.Normal(shape));

    public void Forget()
    {
        Uniforms.Clear();
        Normals.Clear();
    }

    // a copy outlives whatever scope the numbers are drawn in
    private static Tensor Kept(List<Tensor> all, Tensor drawn)
    {
        all.Add(drawn.clone().DetachFromDisposeScope());
        return drawn;
    }
}
