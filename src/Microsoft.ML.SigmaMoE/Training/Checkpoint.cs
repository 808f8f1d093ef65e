using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.SigmaMoE;

/// <summary>
/// A folder that holds a whole <see cref="TrainingSession"/>: run.json (settings, step, place in the text, reports),
/// model.safetensors, optimizer.safetensors, memory.safetensors (segment memory and the state of the random generator)
/// and, once a validation loss was measured, best.safetensors.
/// </summary>
internal static class Checkpoint
{
    private const int Format = 3;
    private const string RunFile = "run.json", ModelFile = "model.safetensors", OptimizerFile = "optimizer.safetensors";
    private const string MemoryFile = "memory.safetensors", BestFile = "best.safetensors";

    private sealed record Run(int Format, TrainingIdentity Identity, StreamPosition Position, TrainingState State);

    /// <summary>Tells whether a folder is a checkpoint: run.json is written last.</summary>
    public static bool IsOne(string folder) => File.Exists(Path.Combine(folder, RunFile));

    /// <summary>Writes a session into an empty folder.</summary>
    public static void Write(string folder, TrainingSession session)
    {
        using var scope = NewDisposeScope();
        SafeTensorsFile.Write(
            Path.Combine(folder, ModelFile),
            session.Network.named_parameters().Select(p => (p.name, p.parameter.detach())));
        SafeTensorsFile.Write(Path.Combine(folder, OptimizerFile), Pairs(session.Optimizer.State()));
        SafeTensorsFile.Write(Path.Combine(folder, MemoryFile), Memories(session).Concat(States(session)));
        if (!session.Best.IsEmpty)
        {
            SafeTensorsFile.Write(Path.Combine(folder, BestFile), Pairs(session.Best.Weights));
        }

        var run = new Run(Format, session.Identity, session.Stream.Position, session.State);
        AtomicFile.Write(Path.Combine(folder, RunFile), stream => JsonSerializer.Serialize(stream, run));
    }

    /// <summary>Puts a session where the one that was written stood.</summary>
    /// <exception cref="InvalidOperationException">
    /// It was written by a training with other settings or texts.
    /// </exception>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static void Read(string folder, TrainingSession session)
    {
        using var scope = NewDisposeScope();
        var run = ReadRun(folder, session);
        WeightSnapshot.Load(session.Network, SafeTensorsFile.Read(Path.Combine(folder, ModelFile)));
        session.Optimizer.Restore(SafeTensorsFile.Read(Path.Combine(folder, OptimizerFile)));
        if (run.State.GradientAccumulation > 0)
        {
            session.CutInto(run.State.GradientAccumulation);
        }

        var memory = SafeTensorsFile.Read(Path.Combine(folder, MemoryFile));
        RestoreMemories(session, memory);
        session.Network.Randomness.SetStates(
            Enumerable.Range(0, session.WorkerCount).Select(worker => memory[StateName(worker)]));
        if (File.Exists(Path.Combine(folder, BestFile)))
        {
            session.Best.Replace(new(SafeTensorsFile.Read(Path.Combine(folder, BestFile))));
        }

        session.Stream.Position = run.Position;

        // the number type may be another one than that of the run before
        run.State.LossScale = session.State.LossScale is { } initial ? run.State.LossScale ?? initial : null;
        session.State = run.State;
    }

    private static Run ReadRun(string folder, TrainingSession session)
    {
        var path = Path.Combine(folder, RunFile);
        var run = Parse(path);
        if (run.Format != Format)
        {
            throw new InvalidDataException($"{path} has format {run.Format}; this library reads format {Format}.");
        }

        string[] differences = [.. session.Identity.DifferencesFrom(run.Identity)];
        return differences.Length == 0
            ? run
            : throw new InvalidOperationException(
                $"The checkpoint {folder} belongs to another training: {string.Join("; ", differences)}. Train with the settings "
                + "and texts it was written with, or with another CheckpointDirectory.");
    }

    private static Run Parse(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return JsonSerializer.Deserialize<Run>(stream) ?? throw new JsonException("It holds nothing.");
        }
        catch (Exception fault) when (fault is JsonException or NotSupportedException)
        {
            throw new InvalidDataException(
                $"{path} is damaged: {fault.Message} Delete its folder to go on from an earlier one.", fault);
        }
    }

    private static IEnumerable<(string Name, Tensor Tensor)> Pairs(IReadOnlyDictionary<string, Tensor> tensors) =>
        tensors.Select(pair => (pair.Key, pair.Value));

    private static IEnumerable<(string Name, Tensor Tensor)> Memories(TrainingSession session) => session.Memories
        .SelectMany((memory, pass) => memory.Layers
            .Select((layer, depth) => (MemoryName(pass, depth), layer))
            .Append((OpenName(pass), tensor(memory.Open.ToArray(), dtype: ScalarType.Int64))));

    private static void RestoreMemories(TrainingSession session, IReadOnlyDictionary<string, Tensor> tensors)
    {
        foreach (var (pass, memory) in session.Memories.Index())
        {
            var layers = Enumerable.Range(0, session.Network.Model.LayerCount)
                .Where(depth => tensors.ContainsKey(MemoryName(pass, depth)))
                .Select(depth => tensors[MemoryName(pass, depth)].to(session.Network.Device, copy: true));
            memory.Restore(layers, tensors[OpenName(pass)].data<long>().ToArray());
        }
    }

    private static IEnumerable<(string Name, Tensor Tensor)> States(TrainingSession session) =>
        session.Network.Randomness.GetStates().Select((state, worker) => (StateName(worker), state));

    private static string StateName(int worker) => $"randomness.{worker}";

    private static string OpenName(int pass) => $"pass.{pass}.open";

    private static string MemoryName(int pass, int depth) => $"pass.{pass}.layer.{depth}";
}
