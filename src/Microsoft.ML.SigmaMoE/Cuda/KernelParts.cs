namespace Microsoft.ML.SigmaMoE;

/// <summary>The parts that kernels/ is compiled in: a process loads those that it uses.</summary>
internal static class KernelParts
{
    /// <summary>Gets every part, with the least compute capability that it runs on.</summary>
    public static IReadOnlyList<(KernelSource Source, int Capability)> All { get; } =
    [
        (KernelSource.Read("routing", "routing.cu"), 70),
        (KernelSource.Read("conversion.f16_flat", "conversion.cu", "ONLY_F16_FLAT"), 75),
        (KernelSource.Read("conversion.f16", "conversion.cu", "ONLY_F16"), 80),
        (KernelSource.Read("conversion.tf32", "conversion.cu", "ONLY_TF32"), 80),
        (KernelSource.Read("conversion.bf16", "conversion.cu", "ONLY_BF16"), 80),
        (KernelSource.Read("expert_forward.float", "expert_forward.cu", "ONLY_FLOAT"), 70),
        (KernelSource.Read("expert_forward.f16_flat", "expert_forward.cu", "ONLY_F16_FLAT"), 75),
        (KernelSource.Read("expert_forward.f16", "expert_forward.cu", "ONLY_F16"), 80),
        (KernelSource.Read("expert_forward.tf32", "expert_forward.cu", "ONLY_TF32"), 80),
        (KernelSource.Read("expert_forward.bf16", "expert_forward.cu", "ONLY_BF16"), 80),
        (KernelSource.Read("expert_backward.float", "expert_backward.cu", "ONLY_FLOAT"), 70),
        (KernelSource.Read("expert_backward.f16_flat", "expert_backward.cu", "ONLY_F16_FLAT"), 75),
        (KernelSource.Read("expert_backward.f16", "expert_backward.cu", "ONLY_F16"), 80),
        (KernelSource.Read("expert_backward.tf32", "expert_backward.cu", "ONLY_TF32"), 80),
        (KernelSource.Read("expert_backward.bf16", "expert_backward.cu", "ONLY_BF16"), 80),
        (KernelSource.Read("decode", "decode.cu"), 70),
        (KernelSource.Read("gather", "gather.cu"), 70),
        (KernelSource.Read("adamw", "adamw.cu"), 70),
    ];

    /// <summary>Gets a part by its name.</summary>
    public static KernelSource Of(string name) => All.First(part => part.Source.Name == name).Source;
}
