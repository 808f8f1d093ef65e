using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// The passes that a step's batch is cut into, forward and backward. Where they do not fit into memory, the step begins
/// again with more passes of fewer rows, and so do all later ones.
/// </summary>
internal sealed class StepPasses(TrainingSession session, TrainingWorkers workers)
{
    /// <summary>Runs a step's passes; the parameters hold the gradient afterwards.</summary>
    /// <param name="tokens">[batch, time + 1] on the network's device.</param>
    /// <returns>The loss, and where the tokens of each pass went.</returns>
    /// <exception cref="InsufficientMemoryException">Not even passes of one row fit.</exception>
    public (double Loss, IReadOnlyList<IReadOnlyList<Routing>> Routings) Run(Tensor tokens)
    {
        while (true)
        {
            var (start, results) = (new StepStart(session), new List<PassResult>());
            try
            {
                RunAll(tokens, results);
                return Sum(results);
            }
            catch (Exception fault) when (MemoryExhaustion.Explains(fault))
            {
                results.ForEach(result => result.Dispose());
                start.PutBack();
                CutFiner(fault);
            }
        }
    }

    private void RunAll(Tensor tokens, List<PassResult> results)
    {
        var (parameters, passes) = (session.Optimizer.Trained, tokens.chunk(session.Memories.Count));
        for (var first = 0; first < passes.Length; first += workers.Count)
        {
            var side = new PassResult[workers.Count];
            try
            {
                workers.Run(worker => side[worker] = PassResult.Of(
                    session.Network,
                    workers.Count == 1 ? null : parameters,
                    passes[first + worker],
                    session.Memories[first + worker],
                    session.State.LossFactor / passes.Length));
            }
            finally
            {
                results.AddRange(side.Where(result => result is not null));
            }

            Array.ForEach(side, result => session.Optimizer.AddGradients(result.Gradients));
        }
    }

    private (double Loss, IReadOnlyList<IReadOnlyList<Routing>> Routings) Sum(List<PassResult> results)
    {
        var share = 1.0 / results.Count;
        return (
            results.Sum(result => share * session.State.Interval.Add(result, share)),
            [.. results.Select(result => result.Routings)]);
    }

    private void CutFiner(Exception fault)
    {
        // what no scope holds is freed by its finaliser
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var (step, options) = (session.State.Step + 1, session.Options);
        if (!session.TryCutFiner())
        {
            throw new InsufficientMemoryException(
                $"Step {step} does not fit into the memory of {session.Network.Device}, not even in passes of one row of "
                + $"{session.Network.Model.SegmentLength} tokens{(workers.Count > 1 ? $" on {workers.Count} workers" : "")}. Take a "
                + "shorter SegmentLength or MemoryLength, fewer layers, or fewer Workers.",
                fault);
        }

        session.Notice =
            $"Memory ran out in step {step}: from now on each batch of {options.BatchSize} rows is cut into passes of "
            + $"{options.BatchSize / session.Memories.Count}, as with GradientAccumulation = {session.State.GradientAccumulation}.";
    }
}
