using System.Runtime.CompilerServices;

namespace Microsoft.ML.SigmaMoE.Tests;

/// <summary>Lets a class of tests that runs alone use TorchSharp before the library.</summary>
internal static class TorchLoading
{
    [ModuleInitializer]
    internal static void Prepare() => TorchRuntime.EnsureLoadable();
}
