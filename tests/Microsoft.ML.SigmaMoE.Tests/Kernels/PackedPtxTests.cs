using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>The PTX that the library carries: needs no compiler.</summary>
public sealed partial class PackedPtxTests
{
    /// <summary>Gets the names of all parts.</summary>
    public static TheoryData<string> Parts => [.. KernelParts.All.Select(program => program.Source.Name)];

    [Theory]
    [MemberData(nameof(Parts))]
    public void Read_OfEveryPart_GivesPtxOfTheSourceThatTheLibraryCarries(string part)
    {
        var (source, least) = KernelParts.All.Single(program => program.Source.Name == part);
        var ptx = PackedPtx.Read(source);
        Assert.Equal(0, ptx[^1]);
        Assert.Contains($".target sm_{least}", Encoding.UTF8.GetString(ptx), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfAChangedSource_Throws()
    {
        var source = KernelParts.All[0].Source;
        var changed = new KernelSource(source.Name, source.Text + " ", source.Headers, source.Constants);
        Assert.Throws<InvalidOperationException>(() => PackedPtx.Read(changed));
    }

    /// <summary>Gets every kernel that the host launches, with its part.</summary>
    public static TheoryData<string, string> Kernels
    {
        get
        {
            var data = new TheoryData<string, string>
            {
                { "routing", "count_choices" }, { "routing", "scan_counts" }, { "routing", "place_slots" },
                { "routing", "list_tiles" },
                { "routing", "route_sigmoid" }, { "routing", "route_gradient_sigmoid" },
                { "conversion.bf16", "to_bf16" },
                { "conversion.f16", "to_f16" }, { "conversion.f16_flat", "to_f16" }, { "conversion.tf32", "pad_rows" },
                { "expert_forward.tf32", "sum_choices_float" }, { "expert_backward.tf32", "sum_parts" },
                { "expert_backward.tf32", "expert_bias_gradient_float" },
                { "routing", "route_softmax" }, { "routing", "route_gradient_softmax" },
                { "routing", "route_softmax_chosen" }, { "routing", "route_gradient_softmax_chosen" },
                { "expert_forward.bf16", "sum_choices_bf16" }, { "expert_forward.float", "sum_choices_float" },
                { "expert_backward.float", "sum_parts" }, { "expert_backward.bf16", "sum_parts" },
                { "expert_forward.f16", "sum_choices_f16" }, { "expert_backward.f16", "sum_parts" },
                { "expert_backward.f16", "expert_bias_gradient_f16" }, { "expert_forward.f16_flat", "sum_choices_f16" },
                { "expert_backward.f16_flat", "sum_parts" }, { "expert_backward.f16_flat", "expert_bias_gradient_f16" },
                { "expert_backward.bf16", "expert_bias_gradient_bf16" },
                { "expert_backward.float", "expert_bias_gradient_float" },
                { "decode", "decode_up" }, { "decode", "decode_down" }, { "adamw", "adamw" },
                { "gather", "gather_sum_float" }, { "gather", "gather_dots_float" }, { "gather", "scatter_sum" },
                { "gather", "gather_sum_bf16" }, { "gather", "gather_dots_bf16" }, { "gather", "gather_sum_f16" },
                { "gather", "gather_dots_f16" },
            };
            foreach (var tile in CudaTile.All)
            {
                var numbers = tile.Numbers.Name;
                data.Add($"expert_forward.{numbers}", $"expert_up_{tile.Suffix}");
                data.Add($"expert_forward.{numbers}", $"expert_down_{tile.Suffix}");
                data.Add($"expert_backward.{numbers}", $"expert_hidden_gradient_{tile.Suffix}");
                data.Add($"expert_backward.{numbers}", $"expert_weight_gradient_{tile.Suffix}");
            }

            foreach (var numbers in CudaTile.All.Select(tile => tile.Numbers).Distinct())
            {
                data.Add($"expert_forward.{numbers.Name}", $"activate_{numbers.Element}");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Part_HoldsItsKernel(string part, string kernel) => Assert.Contains(
        $".entry {kernel}(", Encoding.UTF8.GetString(PackedPtx.Read(KernelParts.Of(part))), StringComparison.Ordinal);

    [Theory]
    [InlineData("f16", "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", true)]
    [InlineData("f16_flat", "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32", false)]
    [InlineData("bf16", "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", true)]
    [InlineData("tf32", "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", true)]
    public void Experts_InANumberType_MultiplyAndCopyAsItsDevicesDo(
        string numbers, string product, bool copiesMeanwhile)
    {
        foreach (var part in new[] { $"expert_forward.{numbers}", $"expert_backward.{numbers}" })
        {
            var ptx = Encoding.UTF8.GetString(PackedPtx.Read(KernelParts.Of(part)));
            Assert.Equal([product], Products().Matches(ptx).Select(match => match.Value).Distinct());
            Assert.Equal(copiesMeanwhile, ptx.Contains("cp.async", StringComparison.Ordinal));
        }
    }

    [GeneratedRegex(@"mma\.sync\.[\w.]+")]
    private static partial Regex Products();

    [Fact]
    public void Files_AreSmall() => Assert.InRange(
        Directory.GetFiles(Path.Combine(Repository.Root, "kernels", "ptx")).Sum(file => new FileInfo(file).Length), 1,
        1 << 20);
}
