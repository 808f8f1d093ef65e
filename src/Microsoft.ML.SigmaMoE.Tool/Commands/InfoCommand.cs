using System.CommandLine;

namespace Microsoft.ML.SigmaMoE.Tool;

/// <summary>What this machine computes with.</summary>
internal sealed class InfoCommand : Verb
{
    public InfoCommand()
        : base(
            "info",
            "Say what this machine computes with: versions, processor, kernels, GPUs, settings.",
            "sigmamoe info --json")
    {
    }

    protected override void Run(ParseResult line, Shell shell)
    {
        var runtime = RuntimeDescription.OfThisProcess();
        shell.Show(runtime, screen => screen.Facts(
            ("sigmamoe", runtime.LibraryVersion),
            ("TorchSharp", $"{runtime.TorchSharpVersion}, libtorch {runtime.TorchVersion}"),
            (".NET", runtime.Framework),
            ("system", runtime.OperatingSystem),
            ("processor", $"{runtime.ProcessorCount} threads, of which libtorch uses {runtime.TorchThreads}"),
            ("abilities", Words(runtime.ProcessorFeatures)),
            ("precision", $"{runtime.ProcessorPrecision} unless a model says otherwise; float16 and tensor-float32 are Float32"),
            ("experts", runtime.ExpertKernel),
            ("GPUs", runtime.GpuCount == 0 ? "none that libtorch can use" : $"{runtime.GpuCount}"),
            ("changed settings", Words(runtime.ChangedSettings))));
    }

    private static string Words(IReadOnlyList<string> words) => words.Count == 0 ? "none" : string.Join(", ", words);
}
