using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE.Tests;

[Collection(Alone.Name)] // tests beside this one draw from the process's generator
public sealed class TrainerGeneratorTests
{
    [Fact]
    public void Run_AnySeed_LeavesTheProcessesGeneratorAlone()
    {
        using var run = new TrainingRun();
        using var before = get_rng_state();
        run.Train(TrainingRun.Options);
        using var after = get_rng_state();
        TensorAssert.Same(before, after);
    }
}
